import { describe, expect, it } from "vitest";
import { firstWidth, fromSlider, next, toSlider, widest } from "./brush";

describe("a brush", () => {
  it("suits the image at first", () => {
    expect(firstWidth(1024, 512)).toBe(64);
    expect(firstWidth(1, 1)).toBe(1);
    expect(widest(8000, 6000)).toBe(4000);
    expect(widest(1, 1)).toBe(2);
  });

  it("grows and shrinks by steps, within its limits", () => {
    expect(next(64, 1, 512)).toBe(80);
    expect(next(1, 1, 512)).toBe(2);
    expect(next(1, -1, 512)).toBe(1);
    expect(next(500, 1, 512)).toBe(512);
  });

  it("comes back from the slider as it was", () => {
    for (const width of [1, 2, 17, 256, 4000]) expect(fromSlider(toSlider(width, 4000), 4000)).toBe(width);
  });
});
