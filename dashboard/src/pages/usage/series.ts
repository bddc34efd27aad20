import type { Usage } from "~/api/types";

type Bucket = Usage["buckets"][number];
export type Figures = Usage["all"];
export type Percentile = "p50" | "p95" | "p99";
type Row = Record<string, number | string | null>;

/** The groups that plots show by name; the others together are one more. */
const SHOWN_GROUPS = 6;
export const OTHERS = "\u2026";

/** Return the time at which each bucket begins, those without jobs included. */
export function times(usage: Usage): number[] {
  const count = Math.max(1, Math.ceil((usage.until - usage.since) / usage.bucket_seconds));
  return Array.from({ length: Math.min(count, 2000) }, (_, index) => usage.since + index * usage.bucket_seconds);
}

/** Return a row for each bucket: how the jobs ended. */
export function outcomes(usage: Usage, label: (at: number) => string): Row[] {
  return perTime(usage, label, (buckets) => {
    const [succeeded, failed, canceled, jobs] = (["succeeded", "failed", "canceled", "jobs"] as const).map((field) =>
      sum(buckets, field),
    );
    const open = (jobs ?? 0) - (succeeded ?? 0) - (failed ?? 0) - (canceled ?? 0);
    return { succeeded: succeeded ?? 0, failed: failed ?? 0, canceled: canceled ?? 0, open };
  });
}

/** Return a row for each bucket: the seconds that ComfyUI took, by group. */
export function gpuSeconds(usage: Usage, label: (at: number) => string): Row[] {
  const names = groupNames(usage);
  return perTime(usage, label, (buckets) => {
    const row: Row = Object.fromEntries(names.map((name) => [name, 0]));
    for (const bucket of buckets) {
      const name = names.includes(bucket.group) ? bucket.group : OTHERS;
      row[name] = Math.round((Number(row[name] ?? 0) + bucket.gpu_seconds) * 100) / 100;
    }
    return row;
  });
}

/** Return the groups that plots name, the busiest first, and one for the rest. */
export function groupNames(usage: Usage): string[] {
  const names = [...usage.groups].sort((one, other) => other.gpu_seconds - one.gpu_seconds).map((group) => group.group);
  if (names.length === 0) return [""];
  return names.length <= SHOWN_GROUPS ? names : [...names.slice(0, SHOWN_GROUPS - 1), OTHERS];
}

/** Return a row for each bucket of an ungrouped usage: a percentile of waiting, cold start and run; null where no job has one. */
export function latencies(usage: Usage, percentile: Percentile, label: (at: number) => string): Row[] {
  return perTime(usage, label, ([bucket]) => ({
    queue: bucket?.queue?.[percentile] ?? null,
    cold_start: bucket?.cold_start?.[percentile] ?? null,
    run: bucket?.run?.[percentile] ?? null,
  }));
}

function perTime(usage: Usage, label: (at: number) => string, row: (buckets: Bucket[]) => Row): Row[] {
  const byTime = new Map<number, Bucket[]>();
  for (const bucket of usage.buckets) byTime.set(bucket.at, [...(byTime.get(bucket.at) ?? []), bucket]);
  return times(usage).map((at) => ({ at: label(at), ...row(byTime.get(at) ?? []) }));
}

function sum(buckets: Bucket[], field: "jobs" | "succeeded" | "failed" | "canceled"): number {
  return buckets.reduce((total, bucket) => total + bucket[field], 0);
}
