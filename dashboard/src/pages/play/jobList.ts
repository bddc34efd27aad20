import type { Job, JobDetail, JobStatus } from "~/api/types";
import { isFinal } from "~/events/jobNews";

export const STATES = ["all", "active", "succeeded", "failed", "canceled"] as const;
export const TIMES = ["ever", "hour", "day", "week"] as const;

/** Which jobs of the history are shown. */
export interface Filters {
  state: (typeof STATES)[number];
  time: (typeof TIMES)[number];
  text: string;
}

export const NO_FILTERS: Filters = { state: "all", time: "ever", text: "" };

const SECONDS = { ever: Infinity, hour: 3_600, day: 86_400, week: 7 * 86_400 } as const;

/** Return the statuses of a state filter; undefined where any will do. */
export function statusesOf(state: Filters["state"]): JobStatus[] | undefined {
  if (state === "all") return undefined;
  return state === "active" ? ["queued", "running"] : [state];
}

/** Return the Unix time from which on jobs are shown; undefined where it does not matter. */
export function shownSince(time: Filters["time"], now: number): number | undefined {
  return time === "ever" ? undefined : Math.floor(now - SECONDS[time]);
}

/**
 * Return the jobs of the stored pages and of the live news as one list, newest first. News comes in the order in which it was heard; what is
 * final stays so, whoever says otherwise.
 */
export function merged(stored: readonly Job[], news: readonly Job[], deleted: ReadonlySet<string>): Job[] {
  const byId = new Map<string, Job>();
  for (const job of [...stored, ...news]) {
    const known = byId.get(job.prompt_id);
    if (!known || isFinal(job.status) || !isFinal(known.status)) byId.set(job.prompt_id, job);
  }
  const jobs = [...byId.values()].filter((job) => !deleted.has(job.prompt_id));
  return jobs.sort((a, b) => b.created_at - a.created_at || (a.prompt_id < b.prompt_id ? 1 : -1));
}

/** Return the jobs that the filters let through; `textOf` is what is searched of a job. */
export function filtered(jobs: readonly Job[], filters: Filters, now: number, textOf: (job: Job) => string): Job[] {
  const statuses = statusesOf(filters.state);
  const since = shownSince(filters.time, now);
  const words = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
  return jobs.filter(
    (job) =>
      (!statuses || statuses.includes(job.status)) &&
      (since === undefined || job.created_at >= since) &&
      (!words.length || hasAll(textOf(job), words)),
  );
}

function hasAll(text: string, words: string[]): boolean {
  const low = text.toLowerCase();
  return words.every((word) => low.includes(word));
}

/** Return what people search for in a job: what they sent, and what came of it. */
export function searchText(job: Job, detail: JobDetail | undefined): string {
  const sent = Object.values(detail?.inputs ?? {}).map(String);
  const names = (job.outputs ?? []).map((output) => output.filename);
  return [job.prompt_id, ...names, job.error?.message ?? "", job.error?.code ?? "", ...sent].join("\n");
}

/** Browsers allow a page six connections to a server: so many may be open for good. */
export const MOST_STREAMS = 3;

/** Return the jobs whose events are followed: what runs, then what is next in the queue. The others are polled. */
export function toStream(jobs: readonly Job[], most = MOST_STREAMS): Set<string> {
  const rank = (job: Job) => (job.status === "running" ? 0 : 1);
  const open = jobs
    .filter((job) => !isFinal(job.status))
    .sort((a, b) => rank(a) - rank(b) || a.created_at - b.created_at);
  return new Set(open.slice(0, most).map((job) => job.prompt_id));
}

/** Return how many milliseconds lie between two polls of one job, so that many of them make no more than two requests a second. */
export function pollEvery(count: number): number {
  return Math.max(1_500, count * 500);
}
