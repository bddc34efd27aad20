import { describe, expect, it } from "vitest";
import { bounded, NO_BOUNDS, numberOrNone } from "./bounds";

describe("the bounds of a key", () => {
  it("are absent where nothing is filled in", () => {
    expect(bounded(NO_BOUNDS)).toEqual({
      name: "",
      expires_at: null,
      max_active: null,
      max_running: null,
      max_per_day: null,
    });
  });

  it("are counted from now", () => {
    const bounds = { name: " my app ", days: 7, active: 2, running: 1, perDay: 50 } as const;
    expect(bounded(bounds, 1000.4)).toEqual({
      name: "my app",
      expires_at: 605_800,
      max_active: 2,
      max_running: 1,
      max_per_day: 50,
    });
  });

  it.each([
    ["", ""],
    ["3", 3],
    [0, ""],
    ["x", ""],
    [2.5, 2.5],
  ])("read %j as %j", (typed, value) => {
    expect(numberOrNone(typed)).toBe(value);
  });
});
