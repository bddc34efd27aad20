import { describe, expect, it } from "vitest";
import type { Job, JobStatus } from "~/api/types";
import { type Feed, joins, NO_FEED, startOf, withAgain, withMore, withNewest, without } from "./jobFeed";

const job = (number: number, status: JobStatus = "succeeded"): Job =>
  ({ prompt_id: String(number), status, created_at: number, outputs: [] }) as unknown as Job;
const jobs = (newest: number, oldest: number) =>
  Array.from({ length: newest - oldest + 1 }, (_, index) => job(newest - index));
const page = (newest: number, oldest: number, next: string | null = String(oldest)) => ({
  jobs: jobs(newest, oldest),
  next_cursor: next,
});
const ids = (feed: Feed) => feed.jobs.map(({ prompt_id }) => Number(prompt_id));
const range = (newest: number, oldest: number) => jobs(newest, oldest).map(({ created_at }) => created_at);

describe("the list of jobs", () => {
  it("grows at its end by pages and at its top by what is new", () => {
    let feed = withNewest(NO_FEED, page(100, 91));
    feed = withMore(feed, page(90, 81), "91");
    feed = withNewest(feed, page(103, 94));
    expect(ids(feed)).toEqual(range(103, 81));
    expect(feed.cursor).toBe("81");
  });

  it("takes a page only once, and only where it belongs", () => {
    let feed = withNewest(NO_FEED, page(100, 91));
    feed = withMore(feed, page(90, 81), "91");
    expect(withMore(feed, page(90, 81), "91")).toBe(feed);
  });

  it("begins anew when too much has happened to join", () => {
    const feed = withMore(withNewest(NO_FEED, page(100, 91)), page(90, 81), "91");
    expect(joins(feed.jobs, page(500, 491))).toBe(false);
    const anew = withNewest(feed, page(500, 491));
    expect(ids(anew)).toEqual(range(500, 491));
    expect(anew.starts).toEqual([]);
  });

  it("loses what was deleted, or fits the filters no more, also on a later page", () => {
    let feed = withMore(withNewest(NO_FEED, page(100, 91)), page(90, 81), "91");
    feed = withNewest(feed, { jobs: [job(100), ...jobs(98, 91)], next_cursor: "91" });
    expect(ids(feed)).toEqual([100, ...range(98, 81)]);
    feed = withAgain(feed, { jobs: [...jobs(90, 86), ...jobs(84, 81)], next_cursor: "81" }, "91");
    expect(ids(feed)).toEqual([100, ...range(98, 86), ...range(84, 81)]);
  });

  it("is complete when the newest page is all there is", () => {
    const feed = withNewest(withNewest(NO_FEED, page(5, 1)), page(3, 2, null));
    expect(ids(feed)).toEqual([3, 2]);
    expect(feed.cursor).toBeNull();
    expect(ids(withNewest(feed, { jobs: [], next_cursor: null }))).toEqual([]);
  });

  it("keeps the jobs that are as before, so that they aren't drawn again", () => {
    const before = withNewest(NO_FEED, page(5, 1));
    const after = withNewest(before, { jobs: [job(5, "failed"), ...jobs(4, 1)], next_cursor: "1" });
    expect(after.jobs[0]).not.toBe(before.jobs[0]);
    expect(after.jobs[1]).toBe(before.jobs[1]);
    expect(withNewest(after, { jobs: after.jobs.map((had) => ({ ...had })), next_cursor: "1" }).jobs).toBe(after.jobs);
  });

  it("knows on which page a row lies", () => {
    let feed = withMore(withNewest(NO_FEED, page(100, 91)), page(90, 81), "91");
    feed = withMore(feed, page(80, 71), "81");
    expect(startOf(feed, 5)).toBeNull();
    expect(startOf(feed, 15)?.cursor).toBe("91");
    expect(startOf(feed, 25)?.cursor).toBe("81");
  });

  it("can do without single jobs", () => {
    expect(ids(without(withNewest(NO_FEED, page(5, 1)), ["4", "9"]))).toEqual([5, 3, 2, 1]);
  });
});
