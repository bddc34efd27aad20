import { describe, expect, it } from "vitest";
import type { Input } from "~/api/types";
import { type Row, rows, type View } from "./inputRows";

const one = (name: string, node: string, more: Partial<Input> = {}) =>
  ({
    name,
    key: `${node}-inputs-${name}`,
    label: name,
    node_id: node,
    node_title: `T${node}`,
    class_type: "C",
    ...more,
  }) as Input;
const inputs = [
  one("prompt", "6"),
  one("steps", "3", { advanced: true }),
  one("seed", "3", { advanced: true }),
  one("vae", "4", { hidden: true }),
  one("clip", "4", { locked: true }),
];
const view: View = {
  grouping: "form",
  showing: "all",
  filter: "",
  toggled: new Set(),
  openByDefault: true,
  pinned: new Map(),
};
const shown = (found: Row[]) => found.map((row) => (row.type === "header" ? `${row.id} ${row.count}` : row.input.name));
const list = (more: Partial<View> = {}, edited: string[] = [], problems = {}) =>
  shown(rows(inputs, { ...view, ...more }, new Set(edited), problems));

describe("the list of inputs", () => {
  it("is grouped as the form is", () => {
    expect(list()).toEqual(["basic 1", "prompt", "advanced 2", "steps", "seed", "notShown 2", "vae", "clip"]);
  });

  it("leaves an input where it was while it is edited", () => {
    expect(list({ pinned: new Map([["4-inputs-vae", "basic"]]) })).toEqual([
      "basic 2",
      "prompt",
      "vae",
      "advanced 2",
      "steps",
      "seed",
      "notShown 1",
      "clip",
    ]);
  });

  it("can be grouped by node", () => {
    expect(list({ grouping: "nodes" })).toEqual(["6 1", "prompt", "3 2", "steps", "seed", "4 2", "vae", "clip"]);
  });

  it("shows only headings where groups are closed, but for those that were opened", () => {
    expect(list({ grouping: "nodes", openByDefault: false, toggled: new Set(["6"]) })).toEqual([
      "6 1",
      "prompt",
      "3 2",
      "4 2",
    ]);
    expect(list({ toggled: new Set(["advanced"]) })).toEqual([
      "basic 1",
      "prompt",
      "advanced 2",
      "notShown 2",
      "vae",
      "clip",
    ]);
  });

  it("shows what a filter finds, in closed groups too", () => {
    expect(list({ filter: "T3 SEE", openByDefault: false })).toEqual(["advanced 1", "seed"]);
    expect(list({ filter: "#4" })).toEqual(["notShown 2", "vae", "clip"]);
    expect(list({ filter: "nothing" })).toEqual([]);
  });

  it("shows one part, what is edited or what has a problem", () => {
    expect(list({ showing: "basic" })).toEqual(["basic 1", "prompt"]);
    expect(list({ showing: "edited" }, ["3-inputs-seed"])).toEqual(["advanced 1", "seed"]);
    expect(list({ showing: "problems" }, [], { "4-inputs-vae": "wrong" })).toEqual(["notShown 1", "vae"]);
  });

  it("knows the neighbours of each input in its group", () => {
    const found = rows(inputs, view, new Set(), {});
    const seed = found.find((row) => row.type === "input" && row.input.name === "seed");
    expect(seed).toMatchObject({ previous: { name: "steps" }, next: null });
  });
});
