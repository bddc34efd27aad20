import { describe, expect, it } from "vitest";
import { numberLook } from "./numbers";

type Limits = Parameters<typeof numberLook>[0];
const limits = (kind: Limits["kind"], ...[minimum, maximum, step, value]: (number | null)[]): Limits => ({
  kind,
  minimum: minimum ?? null,
  maximum: maximum ?? null,
  step: step ?? null,
  default: value ?? null,
});

describe("a number", () => {
  it.each([
    ["denoise", limits("number", 0, 1, 0.01, 1), "slider"],
    ["cfg", limits("number", 0, 100, 0.1, 7), "slider"],
    ["blur radius", limits("integer", 1, 31, 1, 6), "slider"],
    ["width in steps", limits("integer", 64, 2048, 64, 512), "slider"],
    ["steps up to 10000", limits("integer", 1, 10_000, null, 20), "field"],
    ["strength from -100 to 100", limits("number", -100, 100, 0.01, 1), "field"],
    ["no limits", limits("number"), "field"],
    ["one limit", limits("integer", 0, null, 1, 3), "field"],
    ["a default outside the limits", limits("integer", 1, 10, 1, 20), "field"],
    ["two values", limits("integer", 0, 1, 1, 0), "field"],
    ["limits that are equal", limits("integer", 5, 5, 1, 5), "field"],
    ["a seed", limits("seed", 0, 2 ** 64, null, 1), "digits"],
    ["a short seed", limits("seed", 0, 10, null, 1), "digits"],
    ["a whole number beyond 2^53", limits("integer", -(2 ** 63), 2 ** 63, 1, 0), "digits"],
  ] as const)("with %s is asked for by a %s", (_what, input, as) => {
    expect(numberLook(input).as).toBe(as);
  });

  it("has a step that suits its range where none is given", () => {
    expect(numberLook(limits("number", 0, 1)).step).toBe(0.01);
    expect(numberLook(limits("number", 0, 10)).step).toBe(0.1);
    expect(numberLook(limits("number", 0, 100)).step).toBe(1);
    expect(numberLook(limits("number")).step).toBe(0.01);
    expect(numberLook(limits("integer", 0, 1e6)).step).toBe(1);
  });

  it("has as many digits after the point as its step", () => {
    expect([0.01, 0.5, 1, 1e-7].map((step) => numberLook(limits("number", 0, 1, step)).decimals)).toEqual([2, 1, 0, 7]);
  });
});
