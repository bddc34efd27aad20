import type { Input } from "~/api/types";

const LISTED = 6;
const LONGEST = 80;

/** Return what an input takes beside its kind: "1 – 150 (8)" for a range in steps, or its first choices; "" where anything goes. */
export function limitsOf({ minimum, maximum, step, choices }: Input): string {
  if (choices?.length) {
    const listed = choices.slice(0, LISTED).map((choice) => short(choice.value));
    return listed.join(" · ") + (choices.length > LISTED ? ` · … (${choices.length})` : "");
  }
  const [low, high] = [bound(minimum), bound(maximum)];
  if (low === null && high === null) return "";
  const range = low === null ? `≤ ${high}` : high === null ? `≥ ${low}` : `${low} – ${high}`;
  return step && step !== 1 ? `${range} (${step})` : range;
}

/** Return a value so that it fits into a line. */
export function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** Such as 2^64-1, which is no limit to people. */
function bound(limit: number | null | undefined): number | null {
  return typeof limit === "number" && Math.abs(limit) <= Number.MAX_SAFE_INTEGER ? limit : null;
}
