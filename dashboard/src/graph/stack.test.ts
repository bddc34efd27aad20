import { describe, expect, it } from "vitest";
import { stack } from "./stack";

describe("boxes in a column", () => {
  it("stand where they wish when there is room", () => {
    expect(
      stack(
        [
          { wish: 5, height: 10 },
          { wish: 105, height: 10 },
        ],
        4,
      ),
    ).toEqual([0, 100]);
  });

  it("share the room around a place that all wish for", () => {
    const tops = stack(
      Array.from({ length: 3 }, () => ({ wish: 0, height: 10 })),
      2,
    );
    expect(tops).toEqual([-17, -5, 7]);
  });

  it("keep their order and their gaps, whatever they wish", () => {
    const tops = stack(
      [
        { wish: 90, height: 10 },
        { wish: 0, height: 30 },
        { wish: 40, height: 10 },
      ],
      5,
    );
    expect((tops[1] as number) - (tops[0] as number)).toBeGreaterThanOrEqual(15);
    expect((tops[2] as number) - (tops[1] as number)).toBeGreaterThanOrEqual(35);
    expect(stack([], 5)).toEqual([]);
  });
});
