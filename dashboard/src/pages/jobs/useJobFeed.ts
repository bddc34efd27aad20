import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { api, must } from "~/api/client";
import { type Filters, queryOf, writeFilters } from "./filters";
import { type Feed, type JobPage, joins, NO_FEED, startOf, withAgain, withMore, withNewest, without } from "./jobFeed";

const POLL_MS = 2_000;
const FIRST = 50;
const MORE = 200;
const MOST_PAGES = 5;

type Change = (feed: Feed) => Feed;

/** The jobs that the filters let through, live: the newest page and the one in sight are polled, the others come with scrolling. */
export function useJobFeed(filters: Filters) {
  const [feed, change] = useReducer((had: Feed, make: Change) => make(had), NO_FEED);
  const [loadingMore, setLoadingMore] = useState(false);
  const [moreError, setMoreError] = useState<unknown>(null);
  const [row, setRow] = useState(0);
  const current = useRef(feed);
  current.current = feed;
  const name = writeFilters(filters);
  const fetchPage = useCallback(
    async (limit: number, cursor?: string): Promise<JobPage> => {
      const query = { ...queryOf(filters, Date.now() / 1000), limit, cursor };
      return must(await api.GET("/api/jobs", { params: { query } }));
    },
    [filters],
  );

  const newest = useQuery({
    queryKey: ["jobs", name],
    queryFn: () => newestPage(fetchPage, () => current.current),
    refetchInterval: POLL_MS,
    structuralSharing: false,
    gcTime: 0,
  });
  useEffect(() => {
    if (newest.data) change((had) => withNewest(had, newest.data));
  }, [newest.data]);

  const start = useMemo(() => startOf(feed, row)?.cursor ?? null, [feed, row]);
  const again = useQuery({
    queryKey: ["jobs", name, "from", start],
    queryFn: async () => ({ cursor: start ?? "", page: await fetchPage(MORE, start ?? undefined) }),
    enabled: start !== null,
    refetchInterval: POLL_MS,
    structuralSharing: false,
    gcTime: 0,
  });
  useEffect(() => {
    if (again.data) change((had) => withAgain(had, again.data.page, again.data.cursor));
  }, [again.data]);

  const loadMore = useCallback(() => {
    const { cursor } = current.current;
    if (!cursor || loadingMore) return;
    setLoadingMore(true);
    setMoreError(null);
    fetchPage(MORE, cursor)
      .then((page) => change((had) => withMore(had, page, cursor)), setMoreError)
      .finally(() => setLoadingMore(false));
  }, [fetchPage, loadingMore]);
  const drop = useCallback((promptIds: string[]) => change((had) => without(had, promptIds)), []);
  const onRow = useCallback((at: number) => setRow(Math.floor(at / FIRST) * FIRST), []);
  return { feed, newest, loadMore, loadingMore, moreError, drop, onRow };
}

/** Fetch the newest jobs, back to those that are known already: more than a page may have come since. */
async function newestPage(
  fetchPage: (limit: number, cursor?: string) => Promise<JobPage>,
  feed: () => Feed,
): Promise<JobPage> {
  let page = await fetchPage(FIRST);
  for (let pages = 1; pages < MOST_PAGES && page.next_cursor && !joins(feed().jobs, page); pages += 1) {
    const older = await fetchPage(MORE, page.next_cursor);
    page = { jobs: [...page.jobs, ...older.jobs], next_cursor: older.next_cursor };
  }
  return page;
}
