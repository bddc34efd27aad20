import { describe, expect, it } from "vitest";
import { input } from "~/api/input.fixture";
import { limitsOf, short } from "./limits";

describe("what an input takes", () => {
  it.each([
    ["", {}],
    ["1 – 150", { minimum: 1, maximum: 150, step: 1 }],
    ["0.1 – 10 (0.1)", { minimum: 0.1, maximum: 10, step: 0.1 }],
    ["≥ 0", { minimum: 0, maximum: 2 ** 64 }],
    ["≤ 5", { maximum: 5 }],
    ["a · b", { choices: ["a", "b"].map((value) => ({ value, label: value })) }],
    ["0 · 1 · 2 · 3 · 4 · 5 · … (9)", { choices: [...Array(9).keys()].map((value) => ({ value, label: "x" })) }],
  ])("reads '%s'", (text, given) => {
    expect(limitsOf(input("a", "text", given))).toBe(text);
  });

  it("is cut where it is long", () => {
    expect(short("x".repeat(200))).toHaveLength(80);
    expect(short([1, "x"])).toBe('[1,"x"]');
  });
});
