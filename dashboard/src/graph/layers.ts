/** The nodes that each node gets values from, by number; and the nodes that it gives values to. */
export interface Neighbours {
  before: number[][];
  after: number[][];
}

/** Return each node's neighbours, from links as pairs of numbers; links that close a cycle are left out, so that there is a left and a right. */
export function neighbours(count: number, links: [number, number][]): Neighbours {
  const ahead: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of new Map(links.map((link) => [link.join(), link])).values()) ahead[from]?.push(to);
  const near: Neighbours = { before: ahead.map(() => []), after: ahead.map(() => []) };
  const state: State[] = ahead.map(() => "new");
  ahead.forEach((_, root) => {
    if (state[root] === "new") descend(root, ahead, state, near);
  });
  return near;
}

type State = "new" | "on the way" | "done";

/** Go along the links as deep as they lead, without recursion: a workflow can be a thousand nodes long. */
function descend(root: number, ahead: number[][], state: State[], near: Neighbours): void {
  const way = [{ node: root, next: 0 }];
  state[root] = "on the way";
  for (let top = way.at(-1); top; top = way.at(-1)) {
    const to = ahead[top.node]?.[top.next];
    top.next += 1;
    if (to === undefined) {
      state[top.node] = "done";
      way.pop();
    } else if (state[to] !== "on the way") {
      near.after[top.node]?.push(to);
      near.before[to]?.push(top.node);
      if (state[to] === "new") way.push({ node: to, next: 0 });
      if (state[to] === "new") state[to] = "on the way";
    }
  }
}

/** Return the layer of each node: right of all that it needs, and as near to its users as makes the links shorter on the whole. */
export function layersOf(near: Neighbours): number[] {
  const { layers, order } = leftmost(near);
  for (const node of order.toReversed()) {
    const users = near.after[node] ?? [];
    if (users.length >= Math.max(near.before[node]?.length ?? 0, 1)) layers[node] = firstOf(users, layers) - 1;
  }
  return layers;
}

/** Return the first layer that each node can stand in, and the nodes in an order in which none comes before what it needs. */
function leftmost({ before, after }: Neighbours): { layers: number[]; order: number[] } {
  const layers = before.map(() => 0);
  const open = before.map((needs) => needs.length);
  const order = open.flatMap((needs, node) => (needs ? [] : [node]));
  for (const node of order) {
    for (const user of after[node] ?? []) {
      layers[user] = Math.max(layers[user] ?? 0, (layers[node] ?? 0) + 1);
      open[user] = (open[user] ?? 0) - 1;
      if (!open[user]) order.push(user);
    }
  }
  return { layers, order };
}

function firstOf(nodes: number[], layers: number[]): number {
  return nodes.reduce((least, node) => Math.min(least, layers[node] ?? 0), Number.MAX_SAFE_INTEGER);
}

/** Return the parts that hang together, each as its nodes in order. */
export function parts({ before, after }: Neighbours): number[][] {
  const seen = new Set<number>();
  const found: number[][] = [];
  before.forEach((_, root) => {
    if (seen.has(root)) return;
    const part = [root];
    seen.add(root);
    for (const node of part) {
      for (const other of [...(before[node] ?? []), ...(after[node] ?? [])]) {
        if (seen.has(other)) continue;
        seen.add(other);
        part.push(other);
      }
    }
    found.push(part);
  });
  return found;
}
