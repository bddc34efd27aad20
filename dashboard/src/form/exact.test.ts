import { describe, expect, it } from "vitest";
import { digitsOf, isRounded, kept, randomWhole, wholeLimit } from "./exact";

describe("the digits of a whole number", () => {
  it.each([
    ["18446744073709551615", "18446744073709551615"],
    [" +007 ", "7"],
    ["-0", "0"],
    ["000", "0"],
    [-5, "-5"],
    [2n ** 64n, "18446744073709551616"],
    [1.5, null],
    ["1e5", null],
    ["", null],
    [null, null],
    [Number.NaN, null],
  ])("of %s are %s", (value, digits) => {
    expect(digitsOf(value)).toBe(digits);
  });
});

describe("a whole number", () => {
  it("is kept as a number only where that is exact", () => {
    expect(kept(9007199254740991n)).toBe(9007199254740991);
    expect(kept(9007199254740993n)).toBe("9007199254740993");
  });

  it("may be rounded beyond 2^53", () => {
    expect([2 ** 53, -(2 ** 60)].every(isRounded)).toBe(true);
    expect([2 ** 53 - 1, 0.5, "9007199254740993"].some(isRounded)).toBe(false);
  });
});

describe("a limit", () => {
  it.each([
    [2 ** 64, "maximum", 2n ** 64n - 1n], // 2^64-1 is rounded up on its way through JSON
    [2 ** 63, "maximum", 2n ** 63n - 1n],
    [2 ** 50, "maximum", 2n ** 50n],
    [-(2 ** 63), "minimum", -(2n ** 63n)],
    [0.5, "minimum", 1n],
    [1.5, "maximum", 1n],
    [null, "maximum", undefined],
    [Number.POSITIVE_INFINITY, "maximum", undefined],
  ] as const)("of %s as %s is %s", (limit, side, whole) => {
    expect(wholeLimit(limit, side)).toBe(whole);
  });
});

describe("a random seed", () => {
  it.each([
    [0n, 2n ** 64n - 1n, 0n, 2n ** 53n - 1n],
    [undefined, undefined, 0n, 2n ** 53n - 1n],
    [-10n, 10n, 0n, 10n],
    [-10n, -5n, -10n, -5n],
    [2n ** 60n, 2n ** 61n, 2n ** 60n, 2n ** 61n],
    [3n, 3n, 3n, 3n],
  ])("between %s and %s lies between %s and %s", (minimum, maximum, low, high) => {
    for (let turn = 0; turn < 200; turn += 1) {
      const seed = BigInt(randomWhole(minimum, maximum));
      expect(seed >= low && seed <= high).toBe(true);
    }
  });
});
