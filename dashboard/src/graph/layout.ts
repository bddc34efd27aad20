import { layersOf, type Neighbours, neighbours, parts } from "./layers";
import type { Drawing, DrawnNode } from "./readWorkflow";
import { stack } from "./stack";

/** The measures of a drawn node, in the drawing's own pixels; WorkflowGraph.module.css has the same. */
export const WIDTH = 240;
const HEAD = 32;
const CLASS = 18;
export const ROW = 20;
const PAD = 8;
export const MOST_VALUES = 6;

export const BESIDE = 72;
const BELOW = 28;
const APART = 64;
const SWEEPS = 12;
const WIDE = 1.6;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Lay the nodes out in layers from left to right; the same drawing is always laid out the same. */
export function layout({ nodes, links }: Drawing): Map<string, Box> {
  const numbers = new Map(nodes.map(({ id }, index) => [id, index]));
  const pairs = links.map(({ source, target }): [number, number] => [
    numbers.get(source) ?? 0,
    numbers.get(target) ?? 0,
  ]);
  const near = neighbours(nodes.length, pairs);
  const layers = layersOf(near);
  const boxes: Box[] = nodes.map((node) => ({ x: 0, y: 0, width: WIDTH, height: heightOf(node) }));
  const arranged = parts(near).map((part) => arrange(part, layers, near, boxes));
  pack(arranged);
  return new Map(nodes.map(({ id }, index) => [id, boxes[index] as Box]));
}

/** Return how high a node is drawn. */
export function heightOf(node: DrawnNode): number {
  const values = Math.min(node.values.length, MOST_VALUES) + (node.values.length > MOST_VALUES ? 1 : 0);
  const rows = portRows(node) + values;
  return headOf(node) + (rows ? rows * ROW + 2 * PAD : 0);
}

/** Return how many rows the ports take: inputs stand on the left, outputs on the right of the same rows. */
export function portRows(node: DrawnNode): number {
  return Math.max(node.ins.length, node.outs.length);
}

/** Return where the middle of a port is, from the top of its node. */
export function portTop(node: DrawnNode, row: number): number {
  return headOf(node) + PAD + row * ROW + ROW / 2;
}

function headOf(node: DrawnNode): number {
  return HEAD + (node.title === node.classType ? 0 : CLASS);
}

/** Place one part around the origin: every column is drawn to its neighbours, alternately to the left and to the right ones. */
function arrange(part: number[], layers: number[], near: Neighbours, boxes: Box[]): Box[] {
  const columns = columnsOf(part, layers);
  columns.forEach((column, at) => {
    for (const node of column) (boxes[node] as Box).x = at * (WIDTH + BESIDE);
    settle(column, boxes, () => 0);
  });
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forth = sweep % 2 === 0;
    for (const column of forth ? columns : columns.toReversed()) draw(column, forth ? near.before : near.after, boxes);
  }
  return part.map((node) => boxes[node] as Box);
}

function columnsOf(part: number[], layers: number[]): number[][] {
  const layer = (node: number) => layers[node] ?? 0;
  const first = part.reduce((least, node) => Math.min(least, layer(node)), Number.POSITIVE_INFINITY);
  const last = part.reduce((most, node) => Math.max(most, layer(node)), first);
  const columns: number[][] = Array.from({ length: last - first + 1 }, () => []);
  for (const node of part) columns[layer(node) - first]?.push(node);
  return columns;
}

/** Draw a column to the neighbours on one side: in their order, and as near to them as there is room. */
function draw(column: number[], sides: number[][], boxes: Box[]): void {
  const wishes = new Map(column.map((node) => [node, wishOf(node, sides[node] ?? [], boxes)]));
  const wish = (node: number) => wishes.get(node) ?? 0;
  column.sort((a, b) => wish(a) - wish(b));
  settle(column, boxes, wish);
}

/** Where a node's middle would like to be: among those it is linked to. */
function wishOf(node: number, linked: number[], boxes: Box[]): number {
  const middle = (other: number) => (boxes[other]?.y ?? 0) + (boxes[other]?.height ?? 0) / 2;
  if (!linked.length) return middle(node);
  return linked.reduce((sum, other) => sum + middle(other), 0) / linked.length;
}

function settle(column: number[], boxes: Box[], wish: (node: number) => number): void {
  const tops = stack(
    column.map((node) => ({ wish: wish(node), height: boxes[node]?.height ?? 0 })),
    BELOW,
  );
  column.forEach((node, index) => {
    (boxes[node] as Box).y = tops[index] ?? 0;
  });
}

/** Put the parts beside and below each other, in lines about as wide as makes the whole fit a screen. */
function pack(arranged: Box[][]): void {
  const frames = arranged.map((boxes) => ({ boxes, ...frameOf(boxes) }));
  const area = frames.reduce((sum, { width, height }) => sum + (width + APART) * (height + APART), 0);
  const wide = Math.max(...frames.map(({ width }) => width), Math.sqrt(area * WIDE));
  let [x, y, line] = [0, 0, 0];
  for (const { boxes, left, top, width, height } of frames) {
    if (x > 0 && x + width > wide) [x, y, line] = [0, y + line + APART, 0];
    for (const box of boxes) {
      box.x += x - left;
      box.y += y - top;
    }
    x += width + APART;
    line = Math.max(line, height);
  }
}

function frameOf(boxes: Box[]): { left: number; top: number; width: number; height: number } {
  const left = Math.min(...boxes.map(({ x }) => x));
  const top = Math.min(...boxes.map(({ y }) => y));
  const width = Math.max(...boxes.map((box) => box.x + box.width)) - left;
  const height = Math.max(...boxes.map((box) => box.y + box.height)) - top;
  return { left, top, width, height };
}
