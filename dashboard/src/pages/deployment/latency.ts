import type { Usage } from "~/api/types";

type Figures = Pick<Usage["all"], Part | "total" | "jobs" | "cold_starts">;
export type Part = "queue" | "cold_start" | "run";
type Quantile = "p50" | "p95";
export const PARTS: readonly Part[] = ["queue", "cold_start", "run"];

/** How many of the jobs are slower: the cold start belongs to a bar only if as many jobs had one. */
const SLOWER: Record<Quantile, number> = { p50: 0.5, p95: 0.05 };

/** A part of the time that jobs take, in seconds and of the whole bar. */
export interface Slice {
  part: Part;
  seconds: number;
  percent: number;
}

/** Return where the time of the typical and of the slow job goes; null where nothing is known of it. */
export function barsOf(figures: Figures): Record<Quantile, Slice[]> | null {
  const bars = { p50: bar(figures, "p50"), p95: bar(figures, "p95") };
  return bars.p50.length || bars.p95.length ? bars : null;
}

function bar(figures: Figures, quantile: Quantile): Slice[] {
  const cold = figures.cold_starts >= figures.jobs * SLOWER[quantile];
  const parts = PARTS.filter((part) => figures[part] && (cold || part !== "cold_start"));
  const seconds = parts.map((part) => figures[part]?.[quantile] ?? 0);
  const sum = seconds.reduce((all, one) => all + one, 0);
  return sum
    ? parts.map((part, at) => ({ part, seconds: seconds[at] ?? 0, percent: ((seconds[at] ?? 0) / sum) * 100 }))
    : [];
}
