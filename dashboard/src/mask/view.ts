/** Where the image lies in the window: a point of it at `x` is shown at `x * scale + view.x`. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** How large a pixel of the image may become. */
const LARGEST = 16;
const AROUND = 12;
/** So much of the image stays in the window, however far it is moved. */
const IN_SIGHT = 48;

/** Show the whole image in the middle of the window. */
export function wholeView(image: Size, window: Size): View {
  const room = (length: number) => Math.max(1, length - 2 * AROUND);
  const scale = Math.min(room(window.width) / image.width, room(window.height) / image.height, LARGEST);
  return { scale, x: (window.width - image.width * scale) / 2, y: (window.height - image.height * scale) / 2 };
}

/** Make it larger or smaller around a point of the window, which stays where it is. */
export function zoom(view: View, factor: number, at: Point, image: Size, window: Size): View {
  const least = Math.min(wholeView(image, window).scale, 1) / 2;
  const scale = Math.min(LARGEST, Math.max(least, view.scale * factor));
  const grown = scale / view.scale;
  return inSight({ scale, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown }, image, window);
}

/** Move the image with the window's points that hold it: by one finger, or by two that also zoom. */
export function drag(view: View, before: readonly Point[], now: readonly Point[], image: Size, window: Size): View {
  const from = middle(before);
  const to = middle(now);
  const moved = inSight({ ...view, x: view.x + to.x - from.x, y: view.y + to.y - from.y }, image, window);
  const [start, end] = [spread(before), spread(now)];
  return start > 0 && end > 0 ? zoom(moved, end / start, to, image, window) : moved;
}

/** Return the point of the image that is shown at a point of the window. */
export function toImage(view: View, at: Point): Point {
  return { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale };
}

function inSight(view: View, image: Size, window: Size): View {
  const held = (start: number, length: number, room: number) =>
    Math.min(room - IN_SIGHT, Math.max(IN_SIGHT - length * view.scale, start));
  return { ...view, x: held(view.x, image.width, window.width), y: held(view.y, image.height, window.height) };
}

function middle(points: readonly Point[]): Point {
  const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  return { x: mean((point) => point.x), y: mean((point) => point.y) };
}

function spread([one, other]: readonly Point[]): number {
  return one && other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
}
