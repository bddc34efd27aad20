import { useQueries } from "@tanstack/react-query";
import { fetchJob, jobKey } from "~/api/jobs";
import type { Job, JobDetail } from "~/api/types";
import { searchText } from "./jobList";

/** Return what is searched of a job. Lists don't tell what jobs were sent: that is fetched once somebody searches. */
export function useSearchText(jobs: readonly Job[], searching: boolean): (job: Job) => string {
  const details = useQueries({
    queries: (searching ? jobs : []).map(({ prompt_id }) => ({
      queryKey: jobKey(prompt_id),
      queryFn: () => fetchJob(prompt_id),
      staleTime: Infinity,
    })),
    combine: byId,
  });
  return (job) => searchText(job, details.get(job.prompt_id));
}

function byId(results: { data: JobDetail | undefined }[]): Map<string, JobDetail> {
  return new Map(results.flatMap(({ data }) => (data ? [[data.prompt_id, data] as const] : [])));
}
