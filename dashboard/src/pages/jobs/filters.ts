import type { JobStatus } from "~/api/types";

export const STATUSES: readonly JobStatus[] = ["queued", "running", "succeeded", "failed", "canceled"];
export const RANGES = { "1h": 3_600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400 } as const;
export type Range = keyof typeof RANGES;

/** Which jobs are shown. `from` and `to` are local times as a browser's field has them: "2026-11-22T10:00". */
export interface Filters {
  statuses: JobStatus[];
  deployment: string | null;
  key: string | null;
  range: Range | "custom" | null;
  from: string;
  to: string;
}

/** The filters as the API takes them. */
interface JobQuery {
  status?: JobStatus[];
  deployment?: string;
  key_id?: string;
  created_after?: number;
  created_before?: number;
}

/** Read the filters from the search part of a URL; what it says wrongly is passed over. */
export function readFilters(search: string): Filters {
  const params = new URLSearchParams(search);
  const range = params.get("range");
  const asked = params.getAll("status");
  return {
    statuses: STATUSES.filter((status) => asked.includes(status)),
    deployment: params.get("deployment") || null,
    key: params.get("key") || null,
    range: range === "custom" || (range !== null && range in RANGES) ? (range as Range | "custom") : null,
    from: time(params.get("from")),
    to: time(params.get("to")),
  };
}

/** Return the search part of the URL for filters, without "?"; empty for none. */
export function writeFilters({ statuses, deployment, key, range, from, to }: Filters): string {
  const params = new URLSearchParams(statuses.map((status) => ["status", status]));
  if (deployment) params.set("deployment", deployment);
  if (key) params.set("key", key);
  if (range) params.set("range", range);
  if (range === "custom" && from) params.set("from", from);
  if (range === "custom" && to) params.set("to", to);
  return params.toString();
}

/** Return what to ask the API for; `now` is Unix time in seconds, from which "the last hour" is counted. */
export function queryOf({ statuses, deployment, key, range, from, to }: Filters, now: number): JobQuery {
  const query: JobQuery = {};
  if (statuses.length && statuses.length < STATUSES.length) query.status = statuses;
  if (deployment) query.deployment = deployment;
  if (key) query.key_id = key;
  if (range === "custom") {
    if (from) query.created_after = Date.parse(from) / 1000;
    if (to) query.created_before = Date.parse(to) / 1000;
  } else if (range) query.created_after = Math.floor(now - RANGES[range]);
  return query;
}

function time(text: string | null): string {
  return text && !Number.isNaN(Date.parse(text)) ? text : "";
}
