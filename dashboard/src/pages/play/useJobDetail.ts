import { useQuery } from "@tanstack/react-query";
import { fetchJob, jobKey } from "~/api/jobs";
import type { Job } from "~/api/types";
import { isFinal } from "~/events/jobNews";

/** A job with its inputs, fetched once it is wanted; that of a finished one stays as it is. */
export function useJobDetail(job: Job, wanted: boolean) {
  return useQuery({
    queryKey: jobKey(job.prompt_id),
    queryFn: () => fetchJob(job.prompt_id),
    enabled: wanted,
    staleTime: ({ state }) => (isFinal(state.data?.status) || !isFinal(job.status) ? Infinity : 0),
  });
}
