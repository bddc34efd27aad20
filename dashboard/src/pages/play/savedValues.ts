import type { Input } from "~/api/types";
import { shownInputs, takesFile } from "~/form/shown";
import { isInitial, type Values } from "~/form/values";

/** Return what is to be kept of a form: what was changed, files apart. Empty where nothing was. */
export function toSave(inputs: readonly Input[], values: Values): Values {
  const changed = shownInputs(inputs).filter((input) => !takesFile(input) && !isInitial(input, values[input.name]));
  return Object.fromEntries(changed.map(({ name }) => [name, values[name]]));
}

/** Return what of a kept form still fits the inputs, which may have changed since. */
export function restored(inputs: readonly Input[], text: string | null): Values {
  const saved = parsed(text);
  const fitting = shownInputs(inputs).filter((input) => input.name in saved && fits(input, saved[input.name]));
  return Object.fromEntries(fitting.map(({ name }) => [name, saved[name]]));
}

function fits(input: Input, value: unknown): boolean {
  if (takesFile(input)) return false;
  if (input.choices) return input.choices.some((choice) => same(choice.value, value));
  if (input.kind === "boolean") return typeof value === "boolean";
  if (input.kind === "text") return typeof value === "string";
  return true;
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

function same(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
