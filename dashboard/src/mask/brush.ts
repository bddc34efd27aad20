/** The widths of a brush, in pixels of the image. */

const FACTOR = 1.25;

/** Return the widest brush for an image. */
export function widest(width: number, height: number): number {
  return Math.max(2, Math.round(Math.max(width, height) / 2));
}

/** Return the width that the brush has at first. */
export function firstWidth(width: number, height: number): number {
  return Math.max(1, Math.round(Math.max(width, height) / 16));
}

/** Return the next wider (1) or narrower (-1) brush. */
export function next(width: number, way: 1 | -1, most: number): number {
  const wanted = way === 1 ? Math.ceil(width * FACTOR) : Math.floor(width / FACTOR);
  return Math.min(most, Math.max(1, wanted));
}

/** Return where a width lies on a slider from 0 to 100, on which narrow brushes have more room. */
export function toSlider(width: number, most: number): number {
  return Math.sqrt((width - 1) / (most - 1)) * 100;
}

/** Return the width at a place of the slider. */
export function fromSlider(place: number, most: number): number {
  return Math.round(1 + (place / 100) ** 2 * (most - 1));
}
