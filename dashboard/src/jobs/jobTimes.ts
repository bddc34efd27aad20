import type { Job } from "~/api/types";
import { isFinal } from "~/events/jobNews";

/** What a job's time went into, in seconds; null: that has not come, or never came. */
export interface JobTimes {
  queue: number | null;
  cold: number | null;
  run: number | null;
  total: number | null;
}

/** What of a job says how long it took. */
export type Timed = Pick<
  Job,
  "status" | "created_at" | "started_at" | "finished_at" | "execution_time_seconds" | "cold_start_seconds"
>;

/** Return how long a job waited, waited for its ComfyUI to start, and ran; of one that is under way, up to `now`. */
export function jobTimes(job: Timed, now: number): JobTimes {
  const end = job.finished_at ?? (isFinal(job.status) ? null : now);
  const cold = job.cold_start_seconds ?? null;
  const since = job.started_at === null ? null : job.started_at + (cold ?? 0);
  const under = since === null || end === null ? null : Math.max(end - since, 0);
  return {
    queue: span(job.created_at, job.started_at ?? end),
    cold,
    run: job.execution_time_seconds ?? under,
    total: span(job.created_at, end),
  };
}

function span(from: number, to: number | null): number | null {
  return to === null ? null : Math.max(to - from, 0);
}
