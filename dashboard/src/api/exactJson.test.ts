import { describe, expect, it } from "vitest";
import { comparable, parseDigits, parseExact, Written, writeExact } from "./exactJson";

const written = (text: string) => new Written(text);

describe("a number", () => {
  it.each([
    ['{"seed": 18446744073709551615}', { seed: written("18446744073709551615") }],
    ["[9007199254740991, 9007199254740993]", [9007199254740991, written("9007199254740993")]],
    [
      "[1, 2.0, 0.5, -0.0, 1e-05, 1.5e300]",
      [1, written("2.0"), 0.5, written("-0.0"), written("1e-05"), written("1.5e300")],
    ],
    ['{"2.0": "2.0, \\" 2.0"}', { "2.0": '2.0, " 2.0' }],
  ])("is read as it was written in %s", (text, value) => {
    expect(parseExact(text)).toEqual(value);
  });

  it("is written as it was read", () => {
    const text = '{"seed":18446744073709551615,"cfg":4.0,"words":"18446744073709551615","steps":[20,1e-05]}';
    expect(writeExact(parseExact(text))).toBe(text);
    expect(writeExact({ seed: written("18446744073709551615") }, 2)).toBe('{\n  "seed": 18446744073709551615\n}');
    expect(writeExact({ left: undefined, steps: 20 })).toBe('{"steps":20}');
  });
});

describe("two values", () => {
  it.each([
    ["[2.0]", "[2]", true],
    ["1e-05", "0.00001", true],
    ["18446744073709551615", "18446744073709551616", false],
    ["null", "null", true],
  ])("%s and %s are alike: %s", (one, other, alike) => {
    expect(comparable(parseExact(one)) === comparable(parseExact(other))).toBe(alike);
  });
});

describe("a whole number in a form", () => {
  it.each([
    ['{"seed": 18446744073709551615}', { seed: "18446744073709551615" }],
    ['{"seed":-9223372036854775808}', { seed: "-9223372036854775808" }],
    ["[9007199254740991, 9007199254740993]", [9007199254740991, "9007199254740993"]],
    ["[0.12345678901234567890, 1.5e300, 5e-324]", [0.12345678901234568, 1.5e300, 5e-324]],
    [
      '{"a \\" 18446744073709551615": "18446744073709551615, \\\\"}',
      { 'a " 18446744073709551615': "18446744073709551615, \\" },
    ],
  ])("keeps its digits in %s", (text, value) => {
    expect(parseDigits(text)).toEqual(value);
  });
});
