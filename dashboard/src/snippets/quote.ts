/** Values as each language writes them. */

/** Return a word that a shell takes as it is. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

const LINE = 72;

/** Return JSON on one line where it is short, else on a line for each value. */
export function json(value: unknown): string {
  const whole = JSON.stringify(value, null, 2);
  const line = whole.replace(/\n\s*/g, " ");
  return line.length <= LINE ? line : whole;
}

/** Return JSON that a shell takes as one word; quotes inside become JSON's own escapes. */
export function shellJson(value: unknown, before = ""): string {
  return `'${before}${json(value).replaceAll("'", "\\u0027")}'`;
}

/** Return a value as JavaScript writes it. */
export function javascript(value: unknown, indent = 0): string {
  return json(value).replaceAll("\n", `\n${" ".repeat(indent)}`);
}

/** Return a value as Python writes it. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, one]) => `${python(key)}: ${python(one)}`)
      .join(", ")}}`;
  }
  // a surrogate on its own is written \ud800 by both
  return JSON.stringify(value);
}
