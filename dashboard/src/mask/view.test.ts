import { describe, expect, it } from "vitest";
import { drag, toImage, wholeView, zoom } from "./view";

const IMAGE = { width: 2000, height: 1000 };
const WINDOW = { width: 1024, height: 824 };

describe("the view of an image", () => {
  it("shows all of it in the middle at first", () => {
    expect(wholeView(IMAGE, WINDOW)).toEqual({ scale: 0.5, x: 12, y: 162 });
    expect(wholeView({ width: 8, height: 8 }, WINDOW).scale).toBe(16);
    expect(wholeView(IMAGE, { width: 0, height: 0 }).scale).toBeGreaterThan(0);
  });

  it("keeps the point under the cursor where it is while it zooms", () => {
    const view = wholeView(IMAGE, WINDOW);
    const cursor = { x: 300, y: 400 };
    const before = toImage(view, cursor);
    const after = toImage(zoom(view, 3, cursor, IMAGE, WINDOW), cursor);
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });

  it("zooms neither in nor out for ever", () => {
    const view = wholeView(IMAGE, WINDOW);
    expect(zoom(view, 1e9, { x: 0, y: 0 }, IMAGE, WINDOW).scale).toBe(16);
    expect(zoom(view, 1e-9, { x: 0, y: 0 }, IMAGE, WINDOW).scale).toBe(0.25);
  });

  it("moves with a finger, and zooms between two", () => {
    const view = wholeView(IMAGE, WINDOW);
    expect(drag(view, [{ x: 0, y: 0 }], [{ x: 5, y: -7 }], IMAGE, WINDOW)).toEqual({ scale: 0.5, x: 17, y: 155 });
    const pinched = drag(
      view,
      [
        { x: 100, y: 300 },
        { x: 200, y: 300 },
      ],
      [
        { x: 50, y: 300 },
        { x: 250, y: 300 },
      ],
      IMAGE,
      WINDOW,
    );
    expect(pinched.scale).toBe(1);
    expect(toImage(pinched, { x: 150, y: 300 })).toEqual(toImage(view, { x: 150, y: 300 }));
  });

  it("keeps some of the image in sight", () => {
    const away = drag(wholeView(IMAGE, WINDOW), [{ x: 0, y: 0 }], [{ x: 1e6, y: -1e6 }], IMAGE, WINDOW);
    expect(away.x).toBe(WINDOW.width - 48);
    expect(away.y).toBe(48 - IMAGE.height * away.scale);
  });
});
