import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, must } from "~/api/client";
import { ApiError } from "~/api/errors";
import { fetchJob, jobKey } from "~/api/jobs";
import type { Job, JobDetail } from "~/api/types";
import { isFinal } from "~/events/jobNews";
import { type Filters, merged, pollEvery, shownSince, statusesOf } from "./jobList";

const PAGE = 24;
const IDLE_MS = 15_000;
const BUSY_MS = 3_000;

const POLLED = {
  refetchIntervalInBackground: true, // so that a page in the background can tell when a job has ended
  networkMode: "always",
  retry: false, // it asks again anyway
} as const;

/** The jobs of a deployment that this session may see: the stored ones page by page, and the news of those that have not ended. */
export function usePlayJobs(deployment: string, filters: Filters, onEnd: (job: Job) => void) {
  const stored = useStored(deployment, filters);
  const [deleted, setDeleted] = useState<ReadonlySet<string>>(new Set());
  const forget = useCallback((promptId: string) => setDeleted((had) => new Set([...had, promptId])), []);
  const live = useLive(deployment, onEnd, forget);
  const jobs = useMemo(() => merged(stored.jobs, live.news, deleted), [stored.jobs, live.news, deleted]);
  return { ...stored, jobs, add: live.add, trouble: live.trouble, startOver: live.startOver, forget };
}

function useStored(deployment: string, { state, time }: Filters) {
  const query = useInfiniteQuery({
    queryKey: ["jobs", { deployment, state, time, pages: PAGE }],
    queryFn: async ({ pageParam }) =>
      must(
        await api.GET("/api/jobs", {
          params: {
            query: {
              deployment,
              status: statusesOf(state),
              created_after: shownSince(time, Date.now() / 1000),
              cursor: pageParam,
              limit: PAGE,
            },
          },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: Infinity, // what changes comes as news
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const jobs = useMemo(() => query.data?.pages.flatMap((page) => page.jobs) ?? [], [query.data]);
  return { jobs, query };
}

/** Jobs that have not ended are watched until they have, those that were started elsewhere too. */
function useLive(deployment: string, onEnd: (job: Job) => void, onGone: (promptId: string) => void) {
  const [watched, setWatched] = useState<string[]>([]);
  const [told, setTold] = useState<ReadonlyMap<string, Job>>(new Map());
  const ended = useRef(new Set<string>());
  const tell = useRef({ onEnd, onGone });
  useEffect(() => {
    tell.current = { onEnd, onGone };
  });

  const active = useQuery({
    queryKey: ["jobs", { deployment, active: true }],
    queryFn: async () => {
      const query = { deployment, status: ["queued" as const, "running" as const], limit: 200 };
      return must(await api.GET("/api/jobs", { params: { query } })).jobs;
    },
    refetchInterval: watched.length ? BUSY_MS : IDLE_MS,
    ...POLLED,
  });
  const { details, lost } = useQueries({
    queries: watched.map((promptId) => ({
      queryKey: jobKey(promptId),
      queryFn: () => fetchJob(promptId),
      refetchInterval: pollEvery(watched.length),
      staleTime: 1_000,
      ...POLLED,
    })),
    combine,
  });

  const watch = useCallback((jobs: readonly Job[]) => {
    setTold((had) => withAll(had, jobs));
    const open = jobs.filter((job) => !isFinal(job.status) && !ended.current.has(job.prompt_id));
    setWatched((had) => withIds(had, open));
  }, []);
  useEffect(() => {
    if (active.data) watch(active.data);
  }, [active.data, watch]);
  useEffect(() => {
    setTold((had) => withAll(had, details));
    const over = details.filter((job) => isFinal(job.status) && !ended.current.has(job.prompt_id));
    for (const job of over) {
      ended.current.add(job.prompt_id);
      tell.current.onEnd(job);
    }
    if (over.length) setWatched((had) => had.filter((promptId) => !ended.current.has(promptId)));
  }, [details]);
  useEffect(() => {
    const gone = watched.filter((_, index) => lost.includes(index));
    for (const promptId of gone) tell.current.onGone(promptId);
    if (gone.length) setWatched((had) => had.filter((promptId) => !gone.includes(promptId)));
  }, [lost, watched]);

  const news = useMemo(() => [...told.values()], [told]);
  const add = useCallback((job: Job) => watch([job]), [watch]);
  const startOver = useCallback(() => {
    setTold(new Map());
    setWatched([]);
  }, []);
  return { news, add, startOver, trouble: troubleOf(active.error) };
}

/** The jobs that were found, and which ones are not there any more, or not ours to see. */
function combine(results: { data: JobDetail | undefined; error: Error | null }[]) {
  const isLost = (error: Error | null) => error instanceof ApiError && error.status === 404;
  return {
    details: results.flatMap(({ data }) => data ?? []),
    lost: results.flatMap(({ error }, index) => (isLost(error) ? [index] : [])),
  };
}

/** What keeps the page from hearing news. */
function troubleOf(error: Error | null): "unreachable" | "signedOut" | null {
  if (!error) return null;
  return error instanceof ApiError && error.status === 401 ? "signedOut" : "unreachable";
}

/** Later news of a job replaces earlier news, but what is final stays. */
function withAll(had: ReadonlyMap<string, Job>, jobs: readonly Job[]): ReadonlyMap<string, Job> {
  const changed = jobs.filter((job) => had.get(job.prompt_id) !== job && !isFinal(had.get(job.prompt_id)?.status));
  if (!changed.length) return had;
  const next = new Map(had);
  for (const job of changed) next.set(job.prompt_id, { ...job, position: job.position ?? placeOf(had, job) });
  return next;
}

/** Lists of jobs don't tell their places in the queue: the last that was heard holds until it is asked for again. */
function placeOf(had: ReadonlyMap<string, Job>, job: Job): number | null {
  return job.status === "queued" ? (had.get(job.prompt_id)?.position ?? null) : null;
}

function withIds(had: string[], jobs: readonly Job[]): string[] {
  const more = jobs.map((job) => job.prompt_id).filter((promptId) => !had.includes(promptId));
  return more.length ? [...had, ...more] : had;
}
