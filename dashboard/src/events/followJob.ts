import { api, must } from "~/api/client";
import { ApiError } from "~/api/errors";
import type { Job, JobStatus } from "~/api/types";
import { isFinal, type JobNews, KINDS, NO_NEWS, type RawEvent, withEvents, withJob } from "./jobNews";

const EVERY_MS = 100;
const POLL_MS = 2_000;
const MOST_STREAMS = 5;
/** A proxy can keep a stream open whose server has gone. After so long without an event, the job itself is asked for. */
const QUIET_MS = 20_000;

/** What following needs from outside, so that tests can bring their own. */
interface Sources {
  openStream: (url: string) => EventSource;
  fetchJob: (promptId: string) => Promise<Job>;
}

const BROWSER: Sources = {
  openStream: (url) => new EventSource(url),
  fetchJob: async (prompt_id) => must(await api.GET("/api/jobs/{prompt_id}", { params: { path: { prompt_id } } })),
};

/**
 * Follow a job to its end and return how to stop. `onNews` is called ten times a second at most, however many events come.
 * The browser resumes a stream that breaks off. One that is refused is opened again after the job itself has been asked for,
 * and where that goes wrong too often, the job is polled.
 */
export function followJob(
  promptId: string,
  onNews: (news: JobNews) => void,
  onEnd: (status: JobStatus) => void,
  sources: Sources = BROWSER,
): () => void {
  let news = NO_NEWS;
  let waiting: RawEvent[] = [];
  let lastId = "";
  let refused = 0;
  let over = false;
  let stream: EventSource | null = null;
  let flushing: ReturnType<typeof setTimeout> | undefined;
  let polling: ReturnType<typeof setTimeout> | undefined;
  let watching: ReturnType<typeof setTimeout> | undefined;

  const stop = () => {
    over = true;
    stream?.close();
    clearTimeout(flushing);
    clearTimeout(polling);
    clearTimeout(watching);
  };
  const tell = (next: JobNews) => {
    if (over) return;
    news = next;
    onNews(news);
    if (!isFinal(news.status)) return;
    stop();
    onEnd(news.status as JobStatus);
  };
  const flush = () => {
    flushing = undefined;
    const events = waiting;
    waiting = [];
    tell(withEvents({ ...news, connected: stream?.readyState === 1 }, events));
  };
  const soon = () => {
    flushing ??= setTimeout(flush, EVERY_MS);
  };
  const take = (kind: string, event: MessageEvent<string>) => {
    refused = 0;
    if (event.lastEventId) lastId = event.lastEventId;
    // An outdated preview is not even kept until the next flush: a hidden page is flushed rarely.
    if (kind === "preview") waiting = waiting.filter((had) => had.kind !== "preview");
    waiting.push({ kind, data: event.data });
    soon();
    watch();
  };
  const watch = () => {
    clearTimeout(watching);
    watching = setTimeout(look, QUIET_MS);
  };
  const look = async () => {
    const job = stream?.readyState === 1 ? await sources.fetchJob(promptId).catch(() => null) : null;
    if (over) return;
    watch();
    if (!job || job.status === news.status) return;
    stream?.close();
    tell(withJob(news, job));
    if (!over) listen();
  };
  const poll = async () => {
    try {
      const job = await sources.fetchJob(promptId);
      if (over) return;
      tell(withJob(news, job));
      if (!over && refused <= MOST_STREAMS) return listen();
    } catch (fault) {
      if (fault instanceof ApiError && GONE.has(fault.status)) return;
    }
    if (!over) polling = setTimeout(poll, POLL_MS);
  };
  const listen = () => {
    const after = lastId ? `?after=${encodeURIComponent(lastId)}` : "";
    const opened = sources.openStream(`/api/jobs/${encodeURIComponent(promptId)}/events${after}`);
    stream = opened;
    opened.onopen = soon;
    opened.onerror = () => {
      soon();
      if (opened.readyState !== 2) return; // the browser tries again by itself
      refused += 1;
      polling = setTimeout(poll, refused > 1 ? POLL_MS : EVERY_MS);
    };
    for (const kind of KINDS) opened.addEventListener(kind, (event) => take(kind, event as MessageEvent<string>));
  };
  listen();
  watch();
  return stop;
}

/** Not ours to see, or no longer there: asking again would be answered the same. */
const GONE = new Set([401, 403, 404]);
