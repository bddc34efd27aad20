import type { Input } from "~/api/types";

export type Grouping = "form" | "nodes";
export type Showing = "all" | "basic" | "advanced" | "notShown" | "edited" | "problems";
type FormGroup = "basic" | "advanced" | "notShown";

/** A heading of the list of inputs; `id` is a form group or a node id. */
export interface HeaderRow {
  type: "header";
  id: string;
  count: number;
  open: boolean;
  /** Of a node. */
  title?: string;
  classType?: string;
}

export interface InputRow {
  type: "input";
  input: Input;
  group: string;
  /** The inputs before and after it in its group, of those that are shown: where it goes when it is moved by one. */
  previous: Input | null;
  next: Input | null;
}

export type Row = HeaderRow | InputRow;

export interface View {
  grouping: Grouping;
  showing: Showing;
  filter: string;
  /** Groups that are open, or closed, by the user's own choice. */
  toggled: ReadonlySet<string>;
  /** Whether groups are open that nobody has touched. */
  openByDefault: boolean;
  /** The part of the form, by param key, in which an input that is being edited stays until that is done. */
  pinned: ReadonlyMap<string, string>;
}

const GROUPS: FormGroup[] = ["basic", "advanced", "notShown"];

/** Return the part of the form that an input is in. */
export function formGroup(input: Input): FormGroup {
  if (input.hidden || input.locked) return "notShown";
  return input.advanced ? "advanced" : "basic";
}

/** Return the list of inputs under their headings. While it is filtered all groups are open. */
export function rows(
  inputs: Input[],
  view: View,
  edited: ReadonlySet<string>,
  problems: Record<string, unknown>,
): Row[] {
  const wanted = inputs.filter(
    (one) => matches(one, view.filter) && shows(one, view.showing, edited.has(one.key), one.key in problems),
  );
  const groups = new Map<string, Input[]>(view.grouping === "form" ? GROUPS.map((group) => [group, []]) : []);
  for (const one of wanted) {
    const id = view.grouping === "form" ? (view.pinned.get(one.key) ?? formGroup(one)) : one.node_id;
    const group = groups.get(id);
    if (group) group.push(one);
    else groups.set(id, [one]);
  }
  const filtered = view.filter.trim() !== "" || view.showing !== "all";
  return [...groups]
    .filter(([, members]) => members.length > 0)
    .flatMap(([id, members]) => groupRows(id, members, view, filtered));
}

function groupRows(id: string, members: Input[], view: View, filtered: boolean): Row[] {
  const open = filtered || view.toggled.has(id) !== view.openByDefault;
  const node =
    view.grouping === "nodes" ? { title: members[0]?.node_title ?? "", classType: members[0]?.class_type ?? "" } : {};
  const header: HeaderRow = { type: "header", id, count: members.length, open, ...node };
  if (!open) return [header];
  const inputs = members.map((input, at): InputRow => {
    return { type: "input", input, group: id, previous: members[at - 1] ?? null, next: members[at + 1] ?? null };
  });
  return [header, ...inputs];
}

function matches(input: Input, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [input.name, input.label, input.node_title, input.class_type, input.key, `#${input.node_id}`]
    .join(" ")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

function shows(input: Input, showing: Showing, isEdited: boolean, isWrong: boolean): boolean {
  if (showing === "all") return true;
  if (showing === "edited") return isEdited;
  if (showing === "problems") return isWrong;
  return formGroup(input) === showing;
}
