import { comparable } from "~/api/exactJson";
import type { Workflow, WorkflowNode } from "~/api/types";

/** One input of a node that is another one now. */
export interface ValueChange {
  input: string;
  /** Whether a connection is or was involved. */
  isLink: boolean;
  before: unknown;
  after: unknown;
}

export interface NodeChange {
  state: "added" | "removed" | "changed";
  /** The node's id in the later workflow; of a removed one in the earlier. */
  id: string;
  /** Its id before, where that was another one. */
  idBefore?: string;
  title: string;
  classType: string;
  /** What it was called before, where that was otherwise. */
  titleBefore?: string;
  values: ValueChange[];
}

/** So far up a node's connections are followed. */
const DEEPEST = 1000;

export interface WorkflowDiff {
  changes: NodeChange[];
  unchanged: number;
  /** Nodes that are the same but for their id. */
  renumbered: number;
}

/**
 * Return what is different between two workflows. Nodes are the same by what they are and hold and are connected to, then
 * by their id, title or class: a re-export that numbers all nodes anew is no difference.
 */
export function diffWorkflows(before: Workflow, after: Workflow): WorkflowDiff {
  const partner = matched(before, after);
  const back = new Map([...partner].map(([old, now]) => [now, old]));
  const found = Object.entries(after).map(([id, node]): NodeChange | null => {
    const old = back.get(id);
    const was = old === undefined ? undefined : before[old];
    if (old === undefined || !was) return { state: "added", id, ...named(node), values: [] };
    return nodeChange([old, was], [id, node], partner);
  });
  const removed = Object.entries(before)
    .filter(([id]) => !partner.has(id))
    .map(([id, node]): NodeChange => ({ state: "removed", id, ...named(node), values: [] }));
  return {
    changes: [...found.filter((one) => one !== null), ...removed],
    unchanged: found.filter((one) => one === null).length,
    renumbered: [...partner].filter(([old, now]) => old !== now).length,
  };
}

/** Return what has changed of a node that is still there; null where nothing has. */
function nodeChange(
  [old, was]: [string, WorkflowNode],
  [id, node]: [string, WorkflowNode],
  partner: Map<string, string>,
): NodeChange | null {
  const values = changedValues(was, node, partner);
  const retitled = titleOf(was) !== titleOf(node);
  if (!values.length && !retitled) return null;
  const more = { ...(old === id ? {} : { idBefore: old }), ...(retitled ? { titleBefore: titleOf(was) } : {}) };
  return { state: "changed", id, ...named(node), ...more, values };
}

type Sign = (side: "before" | "after", workflow: Workflow, id: string) => string | null;

/** Return the node of the later workflow for each node of the earlier one that is still there. */
function matched(before: Workflow, after: Workflow): Map<string, string> {
  const prints = { before: fingerprints(before), after: fingerprints(after) };
  const byId: Sign = (_, workflow, id) => `${id} ${workflow[id]?.class_type}`;
  const signs: Sign[] = [
    ...(keepsIds(before, after) ? [byId] : []),
    (side, _, id) => `${id} ${prints[side].get(id)}`,
    (side, _, id) => prints[side].get(id) ?? null,
    byId,
    (_, workflow, id) => `${workflow[id]?.class_type} ${workflow[id]?._meta?.title ?? ""}`,
    (_, workflow, id) => workflow[id]?.class_type ?? null,
  ];
  const partner = new Map<string, string>();
  const taken = new Set<string>();
  for (const sign of signs) {
    const old = grouped(before, (id) => (partner.has(id) ? null : sign("before", before, id)));
    const free = grouped(after, (id) => (taken.has(id) ? null : sign("after", after, id)));
    for (const [one, two] of pairs(old, free)) {
      partner.set(one, two);
      taken.add(two);
    }
  }
  return partner;
}

/** Return the ids that have the same key, the first with the first. */
function pairs(old: Map<string, string[]>, free: Map<string, string[]>): [string, string][] {
  return [...old].flatMap(([key, ones]) => {
    const others = free.get(key) ?? [];
    return ones.slice(0, others.length).map((one, at): [string, string] => [one, others[at] ?? one]);
  });
}

/** Return the ids of nodes by a key; those without one are left out. */
function grouped(workflow: Workflow, keyOf: (id: string) => string | null): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const id of Object.keys(workflow)) {
    const key = keyOf(id);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(id);
    else groups.set(key, [id]);
  }
  return groups;
}

/** Tell whether ids mean what they meant: most are there still, and none is another class's now. */
function keepsIds(before: Workflow, after: Workflow): boolean {
  const common = Object.keys(before).filter((id) => id in after);
  const alike = common.every((id) => before[id]?.class_type === after[id]?.class_type);
  return alike && common.length * 2 > Object.keys(before).length;
}

/** Return for each node what it is, holds and is connected to, ids apart. */
function fingerprints(workflow: Workflow): Map<string, string> {
  const found = new Map<string, string>();
  const open = new Set<string>();
  const print = (id: string): string => {
    const known = found.get(id);
    const node = workflow[id];
    if (known !== undefined || !node || open.has(id) || open.size > DEEPEST) return known ?? "…";
    open.add(id);
    const inputs = Object.entries(node.inputs ?? {})
      .sort(([one], [two]) => (one < two ? -1 : 1))
      .map(([name, value]) => [name, isLink(value, workflow) ? [print(value[0]), value[1]] : { value }]);
    open.delete(id);
    const whole = comparable([node.class_type, node._meta?.title ?? "", inputs]);
    const result = digest(whole);
    found.set(id, result);
    return result;
  };
  for (const id of Object.keys(workflow)) print(id);
  return found;
}

/** Return a short text for a long one; unlike ones share it once in 2^64 or so. */
function digest(text: string): string {
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
  }
  return `${(one >>> 0).toString(36)}${(two >>> 0).toString(36)}`;
}

function changedValues(was: WorkflowNode, now: WorkflowNode, partner: Map<string, string>): ValueChange[] {
  const names = new Set([...Object.keys(was.inputs ?? {}), ...Object.keys(now.inputs ?? {})]);
  return [...names].flatMap((input) => {
    const [before, after] = [was.inputs?.[input], now.inputs?.[input]];
    const there = isLinkLike(before) ? [partner.get(before[0]) ?? `#${before[0]}`, before[1]] : before;
    if (comparable(there) === comparable(after)) return [];
    return [{ input, isLink: isLinkLike(before) || isLinkLike(after), before, after }];
  });
}

type Link = [string, number];

function isLinkLike(value: unknown): value is Link {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number";
}

function isLink(value: unknown, workflow: Workflow): value is Link {
  return isLinkLike(value) && value[0] in workflow;
}

function titleOf(node: WorkflowNode): string {
  return node._meta?.title || node.class_type;
}

function named(node: WorkflowNode): { title: string; classType: string } {
  return { title: titleOf(node), classType: node.class_type };
}
