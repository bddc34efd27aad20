import { describe, expect, it } from "vitest";
import type { Workflow } from "~/api/types";
import { diffWorkflows } from "./workflowDiff";

const workflow: Workflow = {
  "3": {
    class_type: "KSampler",
    inputs: { seed: 1, steps: 12, model: ["4", 0], positive: ["6", 0], negative: ["7", 0] },
  },
  "4": { class_type: "Loader", inputs: { ckpt_name: "a.safetensors" }, _meta: { title: "Model" } },
  "6": { class_type: "CLIPTextEncode", inputs: { text: "a cat", clip: ["4", 1] } },
  "7": { class_type: "CLIPTextEncode", inputs: { text: "blurry", clip: ["4", 1] } },
  "9": { class_type: "SaveImage", inputs: { images: ["3", 0] } },
};

function changed(change: (copy: Workflow) => void): Workflow {
  const copy = structuredClone(workflow);
  change(copy);
  return copy;
}

function renumbered(ids: Record<string, string>): Workflow {
  const entries = Object.entries(workflow).map(([id, node]) => {
    const inputs = Object.entries(node.inputs).map(([name, value]) => [
      name,
      Array.isArray(value) ? [ids[value[0] as string], value[1]] : value,
    ]);
    return [ids[id], { ...node, inputs: Object.fromEntries(inputs) }];
  });
  return Object.fromEntries(entries);
}

const short = (after: Workflow, before = workflow) =>
  diffWorkflows(before, after).changes.map(({ state, id, values }) => [state, id, values.map(({ input }) => input)]);

describe("the difference of two workflows", () => {
  it("is nothing between alike ones", () => {
    expect(diffWorkflows(workflow, structuredClone(workflow))).toEqual({ changes: [], unchanged: 5, renumbered: 0 });
  });

  it("is a changed value, with what it was", () => {
    const after = changed((copy) => {
      if (copy["3"]) copy["3"].inputs.steps = 20;
    });
    expect(diffWorkflows(workflow, after).changes).toEqual([
      {
        state: "changed",
        id: "3",
        title: "KSampler",
        classType: "KSampler",
        values: [{ input: "steps", isLink: false, before: 12, after: 20 }],
      },
    ]);
  });

  it("is a node that came and one that went", () => {
    const after = changed((copy) => {
      delete copy["9"];
      copy["10"] = { class_type: "PreviewImage", inputs: { images: ["3", 0] } };
    });
    expect(short(after)).toEqual([
      ["added", "10", []],
      ["removed", "9", []],
    ]);
  });

  it("is a connection that leads elsewhere", () => {
    const after = changed((copy) => {
      if (copy["3"]) copy["3"].inputs.negative = ["6", 0];
    });
    expect(diffWorkflows(workflow, after).changes[0]?.values).toEqual([
      { input: "negative", isLink: true, before: ["7", 0], after: ["6", 0] },
    ]);
  });

  it("is a new title", () => {
    const after = changed((copy) => {
      if (copy["4"]) copy["4"]._meta = { title: "The model" };
    });
    expect(diffWorkflows(workflow, after).changes).toMatchObject([{ state: "changed", id: "4", titleBefore: "Model" }]);
  });

  it("is an input that came or went", () => {
    const after = changed((copy) => {
      if (copy["3"]) copy["3"].inputs = { ...copy["3"].inputs, cfg: 7 };
    });
    expect(short(after)).toEqual([["changed", "3", ["cfg"]]]);
    expect(short(workflow, after)).toEqual([["changed", "3", ["cfg"]]]);
  });

  it("is both texts where two prompts are swapped", () => {
    const after = changed((copy) => {
      if (copy["6"]) copy["6"].inputs.text = "blurry";
      if (copy["7"]) copy["7"].inputs.text = "a cat";
    });
    expect(short(after)).toEqual([
      ["changed", "6", ["text"]],
      ["changed", "7", ["text"]],
    ]);
  });

  it("is nothing where all nodes are numbered anew, two alike ones swapped", () => {
    const after = renumbered({ "3": "1", "4": "2", "6": "7", "7": "6", "9": "5" });
    expect(diffWorkflows(workflow, after)).toEqual({ changes: [], unchanged: 5, renumbered: 5 });
  });

  it("is only what changed where all nodes are numbered anew", () => {
    const after = renumbered({ "3": "1", "4": "2", "6": "30", "7": "40", "9": "5" });
    if (after["30"]) after["30"].inputs.text = "a dog";
    const { changes, renumbered: count } = diffWorkflows(workflow, after);
    expect(changes).toMatchObject([
      { state: "changed", id: "30", idBefore: "6", values: [{ input: "text", before: "a cat", after: "a dog" }] },
    ]);
    expect(count).toBe(5);
  });

  it("survives a circle", () => {
    const circle: Workflow = {
      "1": { class_type: "A", inputs: { x: ["2", 0] } },
      "2": { class_type: "A", inputs: { x: ["1", 0] } },
    };
    expect(diffWorkflows(circle, structuredClone(circle)).unchanged).toBe(2);
  });

  it("of large workflows is quick", () => {
    const large: Workflow = Object.fromEntries(
      Array.from({ length: 2000 }, (_, at) => [
        String(at),
        { class_type: `C${at % 9}`, inputs: { n: at, from: at ? [String(at - 1), 0] : 0 } },
      ]),
    );
    const after = structuredClone(large);
    if (after["0"]) after["0"].inputs.n = -1;
    expect(diffWorkflows(large, after).changes).toHaveLength(1);
  });
});
