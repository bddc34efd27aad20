import { describe, expect, it } from "vitest";
import type { Job, JobDetail, JobStatus, Output } from "~/api/types";
import { filtered, merged, NO_FILTERS, pollEvery, searchText, shownSince, statusesOf, toStream } from "./jobList";

const NOW = 1_000_000;

function job(prompt_id: string, status: JobStatus, created_at = NOW, more: Partial<Job> = {}): Job {
  return {
    prompt_id,
    deployment: "poster",
    version: 1,
    status,
    created_at,
    started_at: null,
    finished_at: null,
    execution_time_seconds: null,
    cold_start_seconds: null,
    attempt: 1,
    worker: null,
    key_id: "k",
    position: null,
    error: null,
    outputs: [],
    ...more,
  };
}

const ids = (jobs: Iterable<Job>) => [...jobs].map(({ prompt_id }) => prompt_id);
const NOBODY = new Set<string>();

describe("the list of stored and live jobs", () => {
  it("has each job once, newest first", () => {
    const list = merged(
      [job("b", "succeeded", 2), job("a", "failed", 1)],
      [job("c", "queued", 3), job("b", "succeeded", 2)],
      NOBODY,
    );
    expect(ids(list)).toEqual(["c", "b", "a"]);
  });

  it("takes the newest news", () => {
    const list = merged([job("a", "queued")], [job("a", "running"), job("a", "running", NOW, { attempt: 2 })], NOBODY);
    expect(list[0]).toMatchObject({ status: "running", attempt: 2 });
  });

  it("keeps what is final, whatever comes late", () => {
    const list = merged([job("a", "succeeded")], [job("a", "running")], NOBODY);
    expect(list[0]?.status).toBe("succeeded");
  });

  it("leaves out what was deleted", () => {
    expect(merged([job("a", "succeeded")], [job("a", "succeeded")], new Set(["a"]))).toEqual([]);
  });

  it("keeps its order between jobs of the same moment", () => {
    const both = [job("a", "queued"), job("b", "queued")];
    expect(ids(merged(both, [], NOBODY))).toEqual(ids(merged([], [...both].reverse(), NOBODY)));
  });
});

describe("the filters", () => {
  const jobs = [
    job("a", "queued"),
    job("b", "running"),
    job("c", "succeeded", NOW - 7_200),
    job("d", "failed", NOW - 90_000),
  ];
  const shown = (filters: Partial<typeof NO_FILTERS>) =>
    ids(filtered(jobs, { ...NO_FILTERS, ...filters }, NOW, ({ prompt_id }) => `${prompt_id} A Red Cat`));

  it("let everything through by default", () => {
    expect(shown({})).toEqual(["a", "b", "c", "d"]);
  });

  it.each([
    [{ state: "active" as const }, ["a", "b"]],
    [{ state: "failed" as const }, ["d"]],
    [{ time: "hour" as const }, ["a", "b"]],
    [{ time: "day" as const }, ["a", "b", "c"]],
    [{ time: "week" as const, state: "failed" as const }, ["d"]],
    [{ text: "cat  red" }, ["a", "b", "c", "d"]],
    [{ text: "d cat" }, ["a", "b", "c", "d"]],
    [{ text: "dog" }, []],
  ])("%j let through %j", (filters, wanted) => {
    expect(shown(filters)).toEqual(wanted);
  });

  it("ask the server for the same", () => {
    expect(statusesOf("active")).toEqual(["queued", "running"]);
    expect(statusesOf("all")).toBeUndefined();
    expect(shownSince("ever", NOW)).toBeUndefined();
    expect(shownSince("hour", NOW)).toBe(NOW - 3_600);
  });
});

describe("the text of a job", () => {
  it("is what was sent and what came of it", () => {
    const failed = job("id-1", "failed", NOW, {
      error: { code: "out_of_memory", message: "Too large.", details: {} },
      outputs: [{ filename: "cat.png" } as Output],
    });
    const text = searchText(failed, { inputs: { prompt: "A red cat", steps: 12 } } as unknown as JobDetail);
    for (const part of ["id-1", "cat.png", "Too large.", "out_of_memory", "A red cat", "12"])
      expect(text).toContain(part);
  });
});

describe("the jobs to follow", () => {
  const jobs = [
    job("q2", "queued", 5),
    job("q1", "queued", 4),
    job("r2", "running", 3),
    job("r1", "running", 2),
    job("s", "succeeded", 1),
  ];

  it("are those that run, then those that come next", () => {
    expect([...toStream(jobs)]).toEqual(["r1", "r2", "q1"]);
    expect([...toStream(jobs, 1)]).toEqual(["r1"]);
  });

  it("are none while the page is hidden", () => {
    expect(toStream(jobs, 0).size).toBe(0);
  });
});

describe("polling", () => {
  it("makes two requests a second at most", () => {
    expect(pollEvery(1)).toBe(1_500);
    expect(pollEvery(40)).toBe(20_000);
  });
});
