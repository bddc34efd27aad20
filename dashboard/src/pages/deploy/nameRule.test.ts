import { describe, expect, it } from "vitest";
import { nameProblem } from "./nameRule";

describe("the name of a deployment", () => {
  it.each(["a", "poster", "text-to-image", "sd_3.5", "0", "a".repeat(63)])("may be %s", (name) => {
    expect(nameProblem(name)).toBeNull();
  });

  it.each([
    ["", "empty"],
    ["Poster", "letters"],
    ["my poster", "letters"],
    ["海報", "letters"],
    ["a/b", "letters"],
    ["a".repeat(64), "tooLong"],
    ["-a", "ends"],
    ["a.", "ends"],
    ["a..b", "dots"],
  ])("may not be %j: %s", (name, problem) => {
    expect(nameProblem(name)).toBe(problem);
  });
});
