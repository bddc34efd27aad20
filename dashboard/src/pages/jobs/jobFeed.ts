import type { Job } from "~/api/types";
import { keptLinks } from "~/jobs/keptLinks";

/** A page as it came from the server, newest first. */
export interface JobPage {
  jobs: Job[];
  next_cursor?: string | null;
}

/** The jobs that were loaded so far, newest first. */
export interface Feed {
  jobs: Job[];
  /** Where to go on; null: there are no more. */
  cursor: string | null;
  /** Where each later page began: its cursor, and the job before its first one. */
  starts: { cursor: string; after: string }[];
  loaded: boolean;
}

export const NO_FEED: Feed = { jobs: [], cursor: null, starts: [], loaded: false };

/** Take in the newest page. Where too much has happened to join the two, begin anew with the page. */
export function withNewest(feed: Feed, page: JobPage, now = Date.now() / 1000): Feed {
  if (!feed.loaded || !joins(feed.jobs, page)) {
    return { jobs: kept(page.jobs, feed.jobs, now), cursor: page.next_cursor ?? null, starts: [], loaded: true };
  }
  return spliced(feed, [], feed.jobs, page, now);
}

/** Take in the page after the last one. */
export function withMore(feed: Feed, page: JobPage, cursor: string): Feed {
  if (cursor !== feed.cursor) return feed; // it was asked for twice, or the feed has begun anew
  const known = new Set(feed.jobs.map((job) => job.prompt_id));
  const after = feed.jobs.at(-1)?.prompt_id;
  return {
    ...feed,
    jobs: [...feed.jobs, ...page.jobs.filter((job) => !known.has(job.prompt_id))],
    cursor: page.next_cursor ?? null,
    starts: after ? [...feed.starts, { cursor, after }] : feed.starts,
  };
}

/** Take in a later page that was fetched again, from the cursor where it began. */
export function withAgain(feed: Feed, page: JobPage, cursor: string, now = Date.now() / 1000): Feed {
  const start = feed.starts.find((known) => known.cursor === cursor);
  const at = feed.jobs.findIndex((job) => job.prompt_id === start?.after);
  if (at < 0) return feed;
  return spliced(feed, feed.jobs.slice(0, at + 1), feed.jobs.slice(at + 1), page, now);
}

/** Take jobs out that were deleted. */
export function without(feed: Feed, promptIds: readonly string[]): Feed {
  const gone = new Set(promptIds);
  return { ...feed, jobs: feed.jobs.filter((job) => !gone.has(job.prompt_id)) };
}

/** Return the start of the later page that a row lies on; null for the newest page. */
export function startOf(feed: Feed, row: number): Feed["starts"][number] | null {
  const places = new Map(feed.jobs.map((job, index) => [job.prompt_id, index]));
  return feed.starts.findLast((start) => (places.get(start.after) ?? Number.POSITIVE_INFINITY) < row) ?? null;
}

/** Tell whether a newest page joins what is known: it shares a job with it, or it is all there is. */
export function joins(known: readonly Job[], page: JobPage): boolean {
  if (!page.next_cursor || !known.length) return true;
  const ids = new Set(page.jobs.map((job) => job.prompt_id));
  return known.some((job) => ids.has(job.prompt_id));
}

/** Put a page in place of what is known of its stretch: what it doesn't have any more is gone. */
function spliced(feed: Feed, before: Job[], rest: Job[], page: JobPage, now: number): Feed {
  const jobs = kept(page.jobs, feed.jobs, now);
  const last = jobs.at(-1);
  if (!page.next_cursor) return { ...feed, jobs: settled(feed.jobs, [...before, ...jobs]), cursor: null };
  const ids = new Set([...before, ...jobs].map((job) => job.prompt_id));
  const at = rest.findIndex((job) => job.prompt_id === last?.prompt_id);
  const tail = at >= 0 ? rest.slice(at + 1) : rest.filter((job) => last && job.created_at <= last.created_at);
  const all = [...before, ...jobs, ...tail.filter((job) => !ids.has(job.prompt_id))];
  return { ...feed, jobs: settled(feed.jobs, all), cursor: tail.length ? feed.cursor : (page.next_cursor ?? null) };
}

/** Return the jobs with those that are as before being the same objects, so that their rows aren't drawn again. */
function kept(jobs: Job[], known: readonly Job[], now: number): Job[] {
  const before = new Map(known.map((job) => [job.prompt_id, job]));
  return jobs.map((job) => {
    const had = before.get(job.prompt_id);
    if (!had) return job;
    const fresh = { ...job, outputs: keptLinks(job.outputs ?? [], had.outputs ?? [], now) };
    return JSON.stringify(had) === JSON.stringify(fresh) ? had : fresh;
  });
}

function settled(before: Job[], after: Job[]): Job[] {
  return before.length === after.length && before.every((job, index) => job === after[index]) ? before : after;
}
