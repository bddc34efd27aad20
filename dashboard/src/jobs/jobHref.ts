import type { Job } from "~/api/types";

/** Return where a job's page is. */
export function jobHref(job: Pick<Job, "prompt_id">): string {
  return `/jobs/${encodeURIComponent(job.prompt_id)}`;
}
