import { parseExact } from "~/api/exactJson";

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/gs;

/** Parse JSON as Python writes it, every number as it is written: NaN and Infinity, which are not JSON, become null. Throws SyntaxError. */
export function parseLoosely(text: string): unknown {
  const bare = text.startsWith("\ufeff") ? text.slice(1) : text;
  try {
    return parseExact(bare);
  } catch (fault) {
    if (!/NaN|Infinity/.test(bare)) throw fault;
    return parseExact(bare.replace(TOKENS, (token) => (token.startsWith('"') ? token : "null")));
  }
}
