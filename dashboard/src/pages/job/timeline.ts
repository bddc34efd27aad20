import { isFinal } from "~/events/jobNews";
import type { Timed } from "~/jobs/jobTimes";

export type Phase = "queue" | "cold" | "run" | "files";

/** A stretch of a job's life, in seconds; the last one of a job that is under way goes on. */
interface Stretch {
  phase: Phase;
  seconds: number;
  /** How much of the bar it takes, in per cent; none is too small to be seen. */
  share: number;
}

/** A moment of a job's life, as Unix time; null: it has not come. */
export interface Moments {
  accepted: number;
  claimed: number | null;
  ready: number | null;
  done: number | null;
}

const LEAST_SHARE = 3;
const WORTH_SECONDS = 0.05;

/** Return what a job's time went into, in order. */
export function stretches(job: Timed, now: number): Stretch[] {
  const end = Math.max(job.finished_at ?? now, job.created_at);
  const claimed = job.started_at ?? end;
  const cold = Math.min(job.cold_start_seconds ?? 0, Math.max(end - claimed, 0));
  const rest = Math.max(end - claimed - cold, 0);
  const run = Math.min(job.execution_time_seconds ?? rest, rest);
  const all: [Phase, number][] = [
    ["queue", Math.max(claimed - job.created_at, 0)],
    ["cold", cold],
    ["run", run],
    ["files", rest - run],
  ];
  const worth = all.filter(
    ([phase, seconds]) => seconds >= WORTH_SECONDS || (phase === "queue" && job.started_at === null),
  );
  const total = worth.reduce((sum, [, seconds]) => sum + seconds, 0);
  const wide = worth.map(([, seconds]) => Math.max(total ? (seconds / total) * 100 : 100, LEAST_SHARE));
  const sum = wide.reduce((a, b) => a + b, 0);
  return worth.map(([phase, seconds], index) => ({ phase, seconds, share: ((wide[index] ?? 0) / sum) * 100 }));
}

/** Return when a job was accepted, claimed, had its ComfyUI and was done. */
export function moments(job: Timed): Moments {
  const claimed = job.started_at ?? null;
  const ready = claimed !== null && job.cold_start_seconds ? claimed + job.cold_start_seconds : null;
  return { accepted: job.created_at, claimed, ready, done: isFinal(job.status) ? (job.finished_at ?? null) : null };
}
