import { describe, expect, it } from "vitest";
import type { Workflow } from "~/api/types";
import { flowOf, lit, marked } from "./flow";
import { readWorkflow } from "./readWorkflow";

const workflow: Workflow = {
  "1": { class_type: "Load", inputs: { name: "a" } },
  "2": { class_type: "Sample", inputs: { model: ["1", 0] } },
  "3": { class_type: "Save", inputs: { images: ["2", 0] } },
};
const flow = flowOf(readWorkflow(workflow));
const label = () => "label";

describe("a drawing for the graph component", () => {
  it("tells sizes and ports, so that nothing has to be measured", () => {
    for (const node of flow.nodes) {
      expect(node.measured).toEqual({ width: node.width, height: node.height });
      const ends = flow.edges.flatMap(({ source, target, sourceHandle, targetHandle }) => [
        ...(source === node.id ? [sourceHandle] : []),
        ...(target === node.id ? [targetHandle] : []),
      ]);
      expect(node.handles?.map(({ id }) => id)).toEqual(expect.arrayContaining(ends));
    }
  });

  it("keeps the nodes that stay as they are", () => {
    const first = marked(flow.nodes, {}, null, label);
    const second = marked(first, { "2": { state: "running", fraction: 0.5 } }, null, label);
    expect(second[0]).toBe(first[0]);
    expect(second[1]).not.toBe(first[1]);
    expect(second[1]?.data.mark?.fraction).toBe(0.5);
    expect(marked(second, { "2": { state: "running", fraction: 0.5 } }, null, label)[1]).toBe(second[1]);
  });

  it("lets the links of the selected node stand out", () => {
    const [first, second] = lit(flow.edges, "3");
    expect(Number(second?.style?.opacity)).toBeGreaterThan(Number(first?.style?.opacity));
    expect(lit(flow.edges, null).map((edge) => edge.style?.opacity)).toEqual([0.9, 0.9]);
  });
});
