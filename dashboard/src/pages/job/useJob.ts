import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { fetchJob, jobKey } from "~/api/jobs";
import { whileAway } from "~/api/queryClient";
import type { JobDetail } from "~/api/types";
import { isFinal, type JobNews } from "~/events/jobNews";
import { useJobNews } from "~/events/useJobNews";
import { keptLinks } from "~/jobs/keptLinks";

const POLL_MS = 5_000;

/** A job as it is stored, and its live news; the stored one is fetched again at the end, with its outputs. */
export function useJob(promptId: string) {
  const client = useQueryClient();
  const stored = useQuery({
    queryKey: jobKey(promptId),
    queryFn: () => fetchJob(promptId),
    refetchInterval: ({ state }) => (state.data && !isFinal(state.data.status) ? POLL_MS : whileAway(state.error)),
    structuralSharing: (before, after) => withLinks(before as JobDetail | undefined, after as JobDetail),
  });
  const onEnd = useCallback(() => {
    void client.invalidateQueries({ queryKey: ["job", promptId] });
  }, [client, promptId]);
  const news = useJobNews(promptId, { onEnd });
  // The graph is drawn from the workflow: it must stay the same object while the job is fetched again and again.
  const words = JSON.stringify(stored.data?.prompt ?? {});
  const workflow = useMemo(() => JSON.parse(words) as NonNullable<JobDetail["prompt"]>, [words]);
  return { stored, news, workflow };
}

/** Return the job with what its news say already: these are quicker than the next fetch. */
export function current(job: JobDetail, news: JobNews): JobDetail {
  if (!news.status || isFinal(job.status)) return job;
  const error = news.error ? { ...news.error, details: news.error.details ?? {} } : job.error;
  return { ...job, status: news.status, attempt: news.attempt, error };
}

function withLinks(before: JobDetail | undefined, after: JobDetail): JobDetail {
  if (!before) return after;
  return { ...after, outputs: keptLinks(after.outputs ?? [], before.outputs ?? []) };
}
