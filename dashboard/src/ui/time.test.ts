import { describe, expect, it } from "vitest";
import { ago, duration } from "./time";

describe("a duration", () => {
  it.each([
    [0, "0 ms"],
    [0.042, "42 ms"],
    [0.97, "1.0 s"],
    [1.42, "1.4 s"],
    [12.4, "12 s"],
    [185, "3:05"],
    [3723, "1:02:03"],
    [Number.NaN, "–"],
  ])("of %d seconds reads %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe("how long ago", () => {
  it.each([
    [0, "now"],
    [-30, "30 seconds ago"],
    [-180, "3 minutes ago"],
    [-90_000, "yesterday"],
    [7_300, "in 2 hours"],
  ])("%d seconds is, reads %s", (seconds, text) => {
    expect(ago(1_000_000 + seconds, "en", 1_000_000)).toBe(text);
  });
});
