import { describe, expect, it } from "vitest";
import { asText, dropped, found, pieces } from "./search";

const lines = ["Loading model", "step 1", "step 2", "Model unloaded"].map((text, at) => ({ at, text }));

describe("searching a log", () => {
  it("finds the lines whatever their case", () => {
    expect(found(lines, " MODEL ")).toEqual([0, 3]);
    expect(found(lines, "")).toEqual([]);
  });

  it("marks what was found, and loses nothing of the text", () => {
    expect(pieces("a Step and a step", "step")).toEqual(["a ", "Step", " and a ", "step", ""]);
    expect(pieces("plain", "")).toEqual(["plain"]);
    expect(pieces("İstanbul x", "x").join("")).toBe("İstanbul x");
  });
});

describe("a log", () => {
  it("is a line each as text", () => {
    expect(asText(lines.slice(0, 1))).toBe("1970-01-01T00:00:00.000Z  Loading model\n");
  });

  it("knows how many lines have left at its start", () => {
    expect(dropped(lines, [...lines.slice(2), { at: 9, text: "new" }])).toBe(2);
    expect(dropped(lines, [...lines])).toBe(0);
    expect(dropped(lines, [])).toBe(0);
  });
});
