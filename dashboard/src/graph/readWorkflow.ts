import { writeExact } from "~/api/exactJson";
import type { Workflow } from "~/api/types";
import { linkType } from "./linkTypes";

/** A node as it is drawn. */
export interface DrawnNode {
  id: string;
  title: string;
  classType: string;
  /** The inputs that get their value from another node. */
  ins: { name: string; type: string | null; missing: boolean }[];
  /** The outputs that something uses: an API-format workflow knows no others. */
  outs: { slot: number; type: string | null }[];
  /** The values that are set, short enough to read. */
  values: { name: string; text: string }[];
}

/** A value on its way from an output to an input. */
interface DrawnLink {
  id: string;
  source: string;
  slot: number;
  target: string;
  input: string;
  type: string | null;
}

export interface Drawing {
  nodes: DrawnNode[];
  links: DrawnLink[];
}

const MOST_LETTERS = 80;

/** Read a workflow for drawing. What is not a node is left out, a link to a node that is not there is an input without a link. */
export function readWorkflow(workflow: Workflow): Drawing {
  const ids = new Set(Object.keys(workflow).filter((id) => isNode(workflow[id])));
  const links: DrawnLink[] = [];
  const nodes: DrawnNode[] = [];
  for (const id of ids) {
    const node = workflow[id] as Workflow[string];
    const drawn: DrawnNode = {
      id,
      title: titleOf(workflow, id),
      classType: node.class_type,
      ins: [],
      outs: [],
      values: [],
    };
    for (const [name, value] of Object.entries(node.inputs ?? {})) {
      if (!isLink(value)) {
        drawn.values.push({ name, text: valueText(value) });
        continue;
      }
      const [source, slot] = [String(value[0]), value[1]];
      const type = linkType(name, workflow[source]?.class_type, slot);
      drawn.ins.push({ name, type, missing: !ids.has(source) });
      if (ids.has(source))
        links.push({ id: `${source}:${slot}>${id}:${name}`, source, slot, target: id, input: name, type });
    }
    nodes.push(drawn);
  }
  return { nodes: withOuts(nodes, links), links };
}

/** Return what a node is called: its title, else its class, else its id. */
export function titleOf(workflow: Workflow, id: string): string {
  const node = workflow[id];
  return node?._meta?.title?.trim() || node?.class_type || id;
}

/** Return whether the value of an input is another node's output: `[node id, slot]`. */
export function isLink(value: unknown): value is [string | number, number] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return (typeof value[0] === "string" || typeof value[0] === "number") && Number.isInteger(value[1]) && value[1] >= 0;
}

/** Return the nodes that a node gets values from, directly or through others; a cycle ends where it was begun. */
export function ancestors(workflow: Workflow, id: string): Set<string> {
  const seen = new Set<string>();
  const open = [id];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const value of Object.values(workflow[at]?.inputs ?? {})) {
      if (!isLink(value)) continue;
      const source = String(value[0]);
      if (source === id || seen.has(source) || !workflow[source]) continue;
      seen.add(source);
      open.push(source);
    }
  }
  return seen;
}

function isNode(node: unknown): boolean {
  return node !== null && typeof node === "object" && typeof (node as { class_type?: unknown }).class_type === "string";
}

function withOuts(nodes: DrawnNode[], links: DrawnLink[]): DrawnNode[] {
  const outs = new Map<string, Map<number, string | null>>();
  for (const link of links) {
    const slots = outs.get(link.source) ?? new Map<number, string | null>();
    slots.set(link.slot, slots.get(link.slot) ?? link.type);
    outs.set(link.source, slots);
  }
  return nodes.map((node) => {
    const slots = [...(outs.get(node.id) ?? [])].sort(([a], [b]) => a - b);
    return { ...node, outs: slots.map(([slot, type]) => ({ slot, type })) };
  });
}

function valueText(value: unknown): string {
  const text = typeof value === "string" ? value : (writeExact(value) ?? "");
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MOST_LETTERS ? `${line.slice(0, MOST_LETTERS)}…` : line;
}
