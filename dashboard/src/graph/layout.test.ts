import { describe, expect, it } from "vitest";
import type { Workflow } from "~/api/types";
import { heightOf, layout, WIDTH } from "./layout";
import { readWorkflow } from "./readWorkflow";

const node = (inputs: Record<string, unknown>, title?: string) => ({
  class_type: "Thing",
  inputs,
  ...(title ? { _meta: { title } } : {}),
});

/** Many nodes, each with two inputs from earlier ones. */
function chain(length: number): Workflow {
  const entries = Array.from({ length }, (_, index) => {
    const inputs = index ? { a: [String(index - 1), 0], b: [String(Math.floor(index / 2)), 1] } : { text: "x" };
    return [String(index), node(inputs)] as const;
  });
  return Object.fromEntries(entries);
}

describe("the layout of a workflow", () => {
  it("goes from left to right along the links", () => {
    const places = layout(
      readWorkflow({ "1": node({}), "2": node({ image: ["1", 0] }), "3": node({ image: ["2", 0] }) }),
    );
    const [first, second, third] = ["1", "2", "3"].map((id) => places.get(id)?.x ?? Number.NaN);
    expect(second).toBeGreaterThanOrEqual((first as number) + WIDTH);
    expect(third).toBeGreaterThanOrEqual((second as number) + WIDTH);
  });

  it("lets no two nodes overlap", () => {
    const boxes = [...layout(readWorkflow(chain(40))).values()];
    for (const [index, a] of boxes.entries()) {
      for (const b of boxes.slice(index + 1)) {
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
        expect(apart).toBe(true);
      }
    }
  });

  it("survives cycles, a node linked to itself, links to missing nodes and nothing at all", () => {
    const odd: Workflow = { a: node({ x: ["b", 0] }), b: node({ x: ["a", 0], y: ["b", 0], z: ["gone", 0] }) };
    const places = layout(readWorkflow(odd));
    expect([...places.values()].every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
    expect(layout(readWorkflow({})).size).toBe(0);
  });

  it("is the same every time", () => {
    expect(layout(readWorkflow(chain(30)))).toEqual(layout(readWorkflow(chain(30))));
  });

  it("places three hundred nodes", () => {
    expect(layout(readWorkflow(chain(300))).size).toBe(300);
  });

  it("makes a node as high as its rows", () => {
    const [plain, full] = readWorkflow({ "1": node({}), "2": node({ a: 1, b: 2, c: ["1", 0] }, "Named") }).nodes;
    expect(heightOf(full as NonNullable<typeof full>)).toBeGreaterThan(heightOf(plain as NonNullable<typeof plain>));
  });
});

describe("the layers of a workflow", () => {
  it("put what is used late near to its user, not at the far left", () => {
    const places = layout(
      readWorkflow({
        load: node({}),
        a: node({ x: ["load", 0] }),
        b: node({ x: ["a", 0] }),
        prompt: node({ clip: ["load", 1] }),
        end: node({ x: ["b", 0], y: ["prompt", 0] }),
      }),
    );
    expect(places.get("prompt")?.x).toBe(places.get("b")?.x);
  });
});
