/** JSON whose numbers stay as they were written: JavaScript would round a seed of 20 digits, and make 2 out of 2.0. */

/** A number that JavaScript would write otherwise. */
export class Written {
  constructor(readonly text: string) {}
}

/** No text of ours begins like this. */
const MARK = "\uFFFFnumber:";
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
const MARKED = new RegExp(`"${MARK}([^"]+)"`, "g");

/** Parse JSON, with each number that JavaScript would write otherwise as `Written`. Throws SyntaxError. */
export function parseExact(text: string): unknown {
  const marked = quoted(text, MARK, (token) => String(Number(token)) !== token);
  if (marked === text) return JSON.parse(text);
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? new Written(value.slice(MARK.length)) : value,
  );
}

/** Parse JSON, with each whole number that JavaScript would round as text of its digits, as a form keeps it. */
export function parseDigits(text: string): unknown {
  return JSON.parse(quoted(text, "", (token) => /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))));
}

/** Write JSON, with the numbers that are `Written` as they were. */
export function writeExact(value: unknown, space?: number): string {
  let marked = false;
  const text = JSON.stringify(
    value,
    (_, one: unknown) => {
      if (!(one instanceof Written)) return one;
      marked = true;
      return MARK + one.text;
    },
    space,
  );
  return marked ? text.replace(MARKED, "$1") : text;
}

/** Return JSON that is the same for values that are alike: 2.0 is 2 there. */
export function comparable(value: unknown): string {
  const bare = ({ text }: Written) => (/^-?\d+$/.test(text) ? text : Number(text));
  return JSON.stringify(value ?? null, (_, one: unknown) => (one instanceof Written ? bare(one) : one));
}

function quoted(text: string, mark: string, isMeant: (token: string) => boolean): string {
  return text.replace(TOKENS, (token) => (token[0] !== '"' && isMeant(token) ? `"${mark}${token}"` : token));
}
