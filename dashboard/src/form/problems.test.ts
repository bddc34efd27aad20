import type { TFunction } from "i18next";
import { describe, expect, it } from "vitest";
import type { Problem } from "~/api/errors";
import { input } from "~/api/input.fixture";
import { problemsByInput } from "./problems";

const t = ((key: string, holes?: object) =>
  [key, ...Object.values(holes ?? {})].join(" ")) as unknown as TFunction<"form">;
const inputs = [
  input("steps", "integer", { key: "3-inputs-steps" }),
  input("photo", "image", { key: "5-inputs-image" }),
];
const told = (...problems: Problem[]) => problemsByInput({ problems }, inputs, t);

describe("what the server found wrong", () => {
  it("belongs to the input that it names, by name or by key", () => {
    const allowed = { kind: "integer", minimum: 1, maximum: 50 };
    const problem = { input: "steps", kind: "range", message: "…", allowed };
    expect(told(problem)).toEqual({ steps: "problem.between 1 50" });
    expect(told({ ...problem, input: "3-inputs-steps" })).toEqual({ steps: "problem.between 1 50" });
    expect(told({ ...problem, input: "?", key: "3-inputs-steps" })).toEqual({ steps: "problem.between 1 50" });
  });

  it("with a mask belongs to its image", () => {
    expect(
      told({ input: "photo-viewcomfymask", kind: "file", message: "The mask is empty.", hint: "Send it." }),
    ).toEqual({
      photo: "The mask is empty. Send it.",
    });
  });

  it("is left out where it belongs to no input", () => {
    expect(told({ input: "gone", message: "…" }, { message: "…" })).toEqual({});
  });

  it("is told once where it came twice, and whole where there is more", () => {
    const one = { input: "steps", message: "One." };
    expect(told(one, one, { input: "steps", message: "Two." })).toEqual({ steps: "One. Two." });
  });

  it.each([
    [{ kind: "required" }, "problem.required"],
    [{ kind: "range", allowed: { minimum: 1 } }, "problem.atLeast 1"],
    [{ kind: "range", allowed: { maximum: 9 } }, "problem.atMost 9"],
    [{ kind: "range", allowed: { minimum: 0, maximum: 2 ** 64 } }, "problem.between 0 18446744073709551615"],
    [{ kind: "type", allowed: { kind: "seed" } }, "problem.whole"],
    [{ kind: "type", allowed: { kind: "number" } }, "problem.number"],
    [{ kind: "type", allowed: { kind: "boolean" } }, "As the server says."],
    [{ kind: "choice_on_backend" }, "problem.choice"],
    [{ kind: "locked" }, "As the server says."],
  ])("is said in the page's words where its kind tells all: %j", (problem, words) => {
    expect(told({ input: "steps", message: "As the server says.", ...problem })).toEqual({ steps: words });
  });
});
