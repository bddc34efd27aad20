import { type Edge, MarkerType, type Node, type NodeHandle, Position } from "@xyflow/react";
import { BESIDE, type Box, layout, portTop, WIDTH } from "./layout";
import { typeColour } from "./linkTypes";
import type { Marks, NodeMark } from "./marks";
import type { Drawing, DrawnNode } from "./readWorkflow";

interface NodeData extends Record<string, unknown> {
  node: DrawnNode;
  mark?: NodeMark;
}

export type FlowNode = Node<NodeData, "workflow">;

/** A link that is longer than this goes behind much else, and is drawn faintly. */
const FAR = 3 * (WIDTH + BESIDE);

/** Return a drawing as the graph component takes it. Sizes and ports are told, so that nothing has to be measured. */
export function flowOf(drawing: Drawing): { nodes: FlowNode[]; edges: Edge[] } {
  const places = layout(drawing);
  const nodes = drawing.nodes.map((node) => flowNode(node, places.get(node.id) as Box));
  const edges = drawing.links.map(
    ({ id, source, slot, target, input, type }): Edge => ({
      id,
      source,
      target,
      sourceHandle: `out ${slot}`,
      targetHandle: `in ${input}`,
      focusable: false,
      data: { far: (places.get(target)?.x ?? 0) - (places.get(source)?.x ?? 0) > FAR },
      style: { stroke: typeColour(type) },
      markerEnd: { type: MarkerType.ArrowClosed, color: typeColour(type), width: 14, height: 14 },
    }),
  );
  return { nodes, edges };
}

/** Return the links as a selection shows them: those of the selected node stand out, all others step back. */
export function lit(edges: Edge[], selected: string | null): Edge[] {
  return edges.map((edge) => {
    const own = edge.source === selected || edge.target === selected;
    const opacity = own ? 1 : selected !== null ? 0.2 : edge.data?.far ? 0.35 : 0.9;
    return { ...edge, zIndex: own ? 1 : 0, style: { ...edge.style, opacity } };
  });
}

/** Return the nodes with these marks and this selection; a node that stays as it is keeps its identity, so it isn't drawn again. */
export function marked(
  nodes: FlowNode[],
  marks: Marks,
  selected: string | null,
  label: (node: FlowNode) => string,
): FlowNode[] {
  return nodes.map((node) => {
    const mark = marks[node.id];
    const chosen = node.id === selected;
    const same = sameMark(node.data.mark, mark) && Boolean(node.selected) === chosen && node.ariaLabel;
    if (same) return node;
    const next = { ...node, selected: chosen, data: { ...node.data, mark } };
    return { ...next, ariaLabel: label(next) };
  });
}

function sameMark(a: NodeMark | undefined, b: NodeMark | undefined): boolean {
  return a === b || (a?.state === b?.state && a?.fraction === b?.fraction && a?.note === b?.note);
}

function flowNode(node: DrawnNode, { x, y, width, height }: Box): FlowNode {
  const ins = node.ins.map(({ name }, row) => handle(`in ${name}`, "target", 0, portTop(node, row)));
  const outs = node.outs.map(({ slot }, row) => handle(`out ${slot}`, "source", WIDTH, portTop(node, row)));
  const handles = [...ins, ...outs];
  const measured = { width, height };
  return { id: node.id, type: "workflow", position: { x, y }, width, height, measured, handles, data: { node } };
}

function handle(id: string, type: "source" | "target", x: number, y: number): NodeHandle {
  return { id, type, x, y, width: 1, height: 1, position: type === "source" ? Position.Right : Position.Left };
}
