import { describe, expect, it } from "vitest";
import { input } from "~/api/input.fixture";
import { found, several, shownInputs } from "./shown";

describe("the inputs of a form", () => {
  it("come in their order, without hidden and locked ones", () => {
    const inputs = [
      input("c", "text", { order: 2 }),
      input("a", "text", { order: 0 }),
      input("b", "text", { order: 1, hidden: true }),
      input("d", "text", { order: 3, locked: true }),
    ];
    expect(shownInputs(inputs).map(({ name }) => name)).toEqual(["a", "c"]);
  });

  it("are found by words of their label, name or node", () => {
    const inputs = [
      input("steps", "integer", { label: "Steps", node_title: "Sampler" }),
      input("cfg", "number", { label: "CFG" }),
    ];
    expect(found(inputs, "samp STEP").map(({ name }) => name)).toEqual(["steps"]);
    expect(found(inputs, " ")).toHaveLength(2);
    expect(found(inputs, "nothing")).toEqual([]);
  });

  it("take several values where the workflow holds a list", () => {
    expect(several({ __value__: ["a"] })).toEqual(["a"]);
    expect(several(["a"])).toEqual(["a"]);
    expect(several("a")).toBe(null);
    expect(several(null)).toBe(null);
  });
});
