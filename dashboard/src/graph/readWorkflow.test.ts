import { describe, expect, it } from "vitest";
import type { Workflow } from "~/api/types";
import { linkType } from "./linkTypes";
import { ancestors, isLink, readWorkflow, titleOf } from "./readWorkflow";

const workflow: Workflow = {
  "1": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "a.safetensors" } },
  "2": {
    class_type: "CLIPTextEncode",
    inputs: { text: "a  cat\n on a mat", clip: ["1", 1] },
    _meta: { title: "Prompt" },
  },
  "3": { class_type: "KSampler", inputs: { seed: 5, model: ["1", 0], positive: ["2", 0], latent_image: ["9", 0] } },
};

describe("a workflow read for drawing", () => {
  it("has nodes with titles, values, inputs and the outputs that are used", () => {
    const [loader, prompt] = readWorkflow(workflow).nodes;
    expect(loader?.outs).toEqual([
      { slot: 0, type: "MODEL" },
      { slot: 1, type: "CLIP" },
    ]);
    expect(prompt).toMatchObject({ title: "Prompt", values: [{ name: "text", text: "a cat on a mat" }] });
  });

  it("leaves out links to nodes that are not there, and says so at the input", () => {
    const { nodes, links } = readWorkflow(workflow);
    expect(links.map(({ source, target }) => `${source}>${target}`)).toEqual(["1>2", "1>3", "2>3"]);
    expect(nodes[2]?.ins.find(({ name }) => name === "latent_image")?.missing).toBe(true);
  });

  it("survives what is not a node, and a node without inputs", () => {
    const odd = { "1": null, "2": "text", "3": { class_type: "A" }, "4": { inputs: {} } } as unknown as Workflow;
    expect(readWorkflow(odd).nodes.map(({ id }) => id)).toEqual(["3"]);
  });

  it("shortens long values", () => {
    const long = readWorkflow({ "1": { class_type: "A", inputs: { text: "x".repeat(5000), list: [1, 2, 3] } } });
    expect(long.nodes[0]?.values[0]?.text.length).toBeLessThan(100);
    expect(long.nodes[0]?.values[1]?.text).toBe("[1,2,3]");
  });
});

describe("a node", () => {
  it("is called by its title, else its class, else its id", () => {
    expect(["2", "1", "77"].map((id) => titleOf(workflow, id))).toEqual(["Prompt", "CheckpointLoaderSimple", "77"]);
  });

  it("gets values from its ancestors, also where they form a cycle", () => {
    expect([...ancestors(workflow, "3")].sort()).toEqual(["1", "2"]);
    const cycle: Workflow = {
      a: { class_type: "A", inputs: { x: ["b", 0] } },
      b: { class_type: "A", inputs: { x: ["a", 0] } },
    };
    expect([...ancestors(cycle, "a")]).toEqual(["b"]);
  });
});

describe("a link", () => {
  it.each([
    [["4", 0], true],
    [[4, 1], true],
    [["4"], false],
    [["4", "0"], false],
    [["4", -1], false],
    ["4", false],
    [[1.5, 2.5], false],
  ])("is an output of a node: %j is %s", (value, expected) => {
    expect(isLink(value)).toBe(expected);
  });

  it.each([
    ["model", "Anything", 0, "MODEL"],
    ["positive", undefined, 0, "CONDITIONING"],
    ["samples", undefined, 0, "LATENT"],
    ["whatever", "LoadImage", 1, "MASK"],
    ["whatever", "Unknown", 0, null],
  ])("at %s from %s slot %d carries %s", (input, source, slot, type) => {
    expect(linkType(input, source, slot)).toBe(type);
  });
});
