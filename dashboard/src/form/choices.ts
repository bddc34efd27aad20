import type { Choice } from "~/api/types";

/** A choice as a list shows it; `value` is made of the real value, which may be of any type. */
interface Option {
  value: string;
  label: string;
}

/** Return the text by which a list knows a value. */
export function keyOf(value: unknown): string {
  return JSON.stringify(value ?? null);
}

/** Return the options of a list; a chosen value that is not among them is one of them all the same, called `missing`. */
export function optionsOf(
  choices: readonly Choice[],
  chosen: readonly unknown[],
  missing: (text: string) => string,
): Option[] {
  const options = new Map(choices.map(({ value, label }) => [keyOf(value), label]));
  for (const value of chosen) {
    const key = keyOf(value);
    if (value !== null && value !== undefined && !options.has(key)) options.set(key, missing(String(value)));
  }
  return [...options].map(([value, label]) => ({ value, label }));
}

/** Return the real value of an option. */
export function realValue(key: string): unknown {
  return JSON.parse(key);
}
