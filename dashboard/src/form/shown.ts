import type { Input } from "~/api/types";

/** Return the inputs that a form shows, in their order; hidden and locked ones are left out. */
export function shownInputs(inputs: readonly Input[]): Input[] {
  return inputs.filter((input) => !input.hidden && !input.locked).sort((one, other) => one.order - other.order);
}

/** Return the inputs whose label, name or node has all these words. */
export function found(inputs: readonly Input[], words: string): Input[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return inputs.filter((input) => {
    const text = `${input.label} ${input.name} ${input.node_title}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** Tell whether a file is sent for an input. */
export function takesFile(input: Pick<Input, "kind">): boolean {
  return input.kind === "image" || input.kind === "video" || input.kind === "audio" || input.kind === "file";
}

/** Return the values of an input that takes several of its choices, as it holds them in the workflow; null where it takes one. */
export function several(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value;
  const wrapped = typeof value === "object" && value !== null && "__value__" in value ? value.__value__ : null;
  return Array.isArray(wrapped) ? wrapped : null;
}
