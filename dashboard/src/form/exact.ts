/** Whole numbers beyond 2^53 are kept as text of their digits: JavaScript's numbers would lose some. */

const WHOLE = /^\s*([+-]?)0*(\d+)\s*$/;

/** What a seed holds that is to be a new one for each run: the server picks it. */
export const NEW_SEED = Number.MIN_VALUE;

/** Return the digits of a whole number that came as number, bigint or text; null for anything else. */
export function digitsOf(value: unknown): string | null {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value).toString() : null;
  const found = typeof value === "string" ? WHOLE.exec(value) : null;
  if (!found) return null;
  return found[1] === "-" && found[2] !== "0" ? `-${found[2]}` : (found[2] ?? null);
}

/** Return a whole number as the form keeps it: a number where that is exact, else its digits. */
export function kept(whole: bigint): number | string {
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : whole.toString();
}

/** Tell whether a number may have lost digits on its way here. */
export function isRounded(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Return a limit as a whole number. 2^64-1 comes as 2^64 through JSON: what was rounded up is taken back. */
export function wholeLimit(limit: number | null | undefined, side: "minimum" | "maximum"): bigint | undefined {
  if (limit === null || limit === undefined || !Number.isFinite(limit)) return undefined;
  const whole = BigInt(side === "minimum" ? Math.ceil(limit) : Math.floor(limit));
  return side === "maximum" && isRounded(limit) && isPowerOfTwo(whole) ? whole - 1n : whole;
}

/** Return a random whole number between two limits that is exact in JavaScript where they allow it. */
export function randomWhole(minimum: bigint | undefined, maximum: bigint | undefined): number | string {
  const safe = BigInt(Number.MAX_SAFE_INTEGER);
  const high = maximum ?? safe;
  const low = minimum ?? (high < 0n ? high : 0n);
  const from = high >= 0n && low < 0n ? 0n : low;
  const to = from <= safe && high > safe ? safe : high;
  const [upper = 0, lower = 0] = crypto.getRandomValues(new Uint32Array(2));
  const random = (BigInt(upper) << 32n) | BigInt(lower);
  return kept(to > from ? from + (random % (to - from + 1n)) : from);
}

function isPowerOfTwo(whole: bigint): boolean {
  return whole > 0n && (whole & (whole - 1n)) === 0n;
}
