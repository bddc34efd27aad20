import { describe, expect, it } from "vitest";
import type { Input } from "~/api/types";
import { restored, toSave } from "./savedValues";

const DEFAULTS: Record<string, unknown> = { prompt: "a", steps: 12, loud: false, size: "s" };

const input = (name: string, kind: Input["kind"], choices: unknown[] | null = null) =>
  ({
    name,
    kind,
    default: DEFAULTS[name],
    hidden: false,
    locked: false,
    choices: choices?.map((value) => ({ value, label: "" })) ?? null,
  }) as Input;

const INPUTS = [
  input("prompt", "text"),
  input("steps", "integer"),
  input("loud", "boolean"),
  input("size", "choice", ["s", "l"]),
  input("photo", "image"),
];

describe("what is kept of a form", () => {
  it("is what was changed, without files", () => {
    const values = { prompt: "a cat", steps: 12, loud: true, size: "s", photo: { file: new File([], "x") } };
    expect(toSave(INPUTS, values)).toEqual({ prompt: "a cat", loud: true });
  });

  it("comes back", () => {
    const saved = { prompt: "a cat", steps: 3, loud: true, size: "l" };
    expect(restored(INPUTS, JSON.stringify(saved))).toEqual(saved);
  });

  it("is dropped where the inputs have changed", () => {
    const saved = { prompt: 7, loud: "yes", size: "xl", photo: "x", gone: 1 };
    expect(restored(INPUTS, JSON.stringify(saved))).toEqual({});
  });

  it.each([null, "", "no json", "[1]", "null"])("may be %j", (text) => {
    expect(restored(INPUTS, text)).toEqual({});
  });
});
