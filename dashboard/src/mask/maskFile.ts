import type { Mark } from "./marks";
import { paint } from "./paint";
import { type Bytes, greyPng } from "./png";

/** How many pixels are drawn at a time. */
const STRIP = 2 ** 21;
/** What was painted in which mask, so that it can be painted on, and taken back stroke by stroke. */
const painted = new WeakMap<File, readonly Mark[]>();

/** Return the mask of an image as the server takes it, white where it is masked, of the image's size; null where nothing is. */
export async function maskFile(done: readonly Mark[], width: number, height: number): Promise<File | null> {
  const seen = { any: false };
  const blob = await greyPng(width, height, strips(done, width, height, seen));
  if (!seen.any) return null;
  const file = new File([blob], "mask.png", { type: "image/png" });
  painted.set(file, done);
  return file;
}

/** Return what was painted in a mask that was made here. */
export function marksOf(mask: File | undefined): readonly Mark[] {
  return (mask && painted.get(mask)) ?? [];
}

async function* strips(
  done: readonly Mark[],
  width: number,
  height: number,
  seen: { any: boolean },
): AsyncGenerator<Bytes> {
  const rows = Math.max(1, Math.min(height, Math.floor(STRIP / width)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height: rows });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  for (let top = 0; top < height; top += rows) {
    const area = { top, width, height: Math.min(rows, height - top) };
    context.setTransform(1, 0, 0, 1, 0, -top);
    paint(context, done, area, "#fff");
    const { data } = context.getImageData(0, 0, width, area.height);
    yield greyRows(data, width, area.height, seen);
    await new Promise((resolve) => setTimeout(resolve)); // the page stays alive meanwhile
  }
}

/** Return rows of opacity as a PNG has them: a byte 0 before each. */
function greyRows(pixels: Uint8ClampedArray, width: number, height: number, seen: { any: boolean }): Bytes {
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const opacity = pixels[(y * width + x) * 4 + 3] ?? 0;
      if (opacity) {
        rows[y * (width + 1) + 1 + x] = opacity;
        seen.any = true;
      }
    }
  }
  return rows;
}
