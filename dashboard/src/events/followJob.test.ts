import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import type { Job } from "~/api/types";
import { followJob } from "./followJob";
import type { JobNews } from "./jobNews";

/** A stream as the browser's, driven by hand. */
class Stream extends EventTarget {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readyState = 0;
  constructor(readonly url: string) {
    super();
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  lose(readyState: number) {
    this.readyState = readyState;
    this.onerror?.();
  }
  close() {
    this.readyState = 2;
  }
  send(kind: string, data: unknown, lastEventId = "") {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data), lastEventId }));
  }
}

let streams: Stream[];
let told: JobNews[];
let ends: string[];
let job: () => Promise<Job>;
const newest = () => streams.at(-1) as Stream;
const follow = () =>
  followJob(
    "p 1",
    (news) => told.push(news),
    (status) => ends.push(status),
    {
      openStream: (url) => {
        streams.push(new Stream(url));
        return newest() as unknown as EventSource;
      },
      fetchJob: () => job(),
    },
  );

beforeEach(() => {
  vi.useFakeTimers();
  [streams, told, ends] = [[], [], []];
  job = async () => ({ status: "running", attempt: 1, outputs: [] }) as unknown as Job;
});
afterEach(() => vi.useRealTimers());

describe("following a job", () => {
  it("tells ten times a second at most, however many events come", () => {
    follow();
    newest().open();
    for (let ms = 0; ms < 60_000; ms += 5) {
      newest().send("log", { at: ms, text: `line ${ms}` });
      vi.advanceTimersByTime(5);
    }
    expect(told.length).toBeLessThanOrEqual(600);
    expect(told.at(-1)?.lines).toHaveLength(5_000);
  });

  it("ends with the final status, and closes the stream", () => {
    follow();
    newest().open();
    newest().send("status", { status: "succeeded", attempt: 1 });
    vi.advanceTimersByTime(200);
    expect(ends).toEqual(["succeeded"]);
    expect(newest().readyState).toBe(2);
  });

  it("says when the connection is lost and when it is back", () => {
    follow();
    newest().open();
    vi.advanceTimersByTime(100);
    expect(told.at(-1)?.connected).toBe(true);
    newest().lose(0);
    vi.advanceTimersByTime(100);
    expect(told.at(-1)?.connected).toBe(false);
    newest().open();
    vi.advanceTimersByTime(100);
    expect(told.at(-1)?.connected).toBe(true);
    expect(streams).toHaveLength(1);
  });

  it("opens a refused stream again where it broke off", async () => {
    follow();
    newest().open();
    newest().send("log", { at: 1, text: "one" }, "17");
    newest().lose(2);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(streams).toHaveLength(2);
    expect(newest().url).toBe("/api/jobs/p%201/events?after=17");
  });

  it("polls the job where the stream is refused for good", async () => {
    follow();
    for (let times = 0; times < 8; times += 1) {
      newest().lose(2);
      await vi.advanceTimersByTimeAsync(2_500);
    }
    const opened = streams.length;
    job = async () => ({ status: "succeeded", attempt: 1, outputs: [] }) as unknown as Job;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ends).toEqual(["succeeded"]);
    expect(streams).toHaveLength(opened);
  });

  it("goes on while the server is away, and stops when the job is not there", async () => {
    let asked = 0;
    job = async () => {
      asked += 1;
      throw new ApiError(asked < 3 ? 0 : 404, { code: "x", detail: "x" });
    };
    follow();
    newest().lose(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(3);
  });

  it("asks for the job when a stream is silent for long, and opens another when it has missed something", async () => {
    follow();
    newest().open();
    newest().send("status", { status: "running", attempt: 1 });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(streams).toHaveLength(1);
    job = async () => ({ status: "queued", attempt: 1, outputs: [] }) as unknown as Job;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(streams).toHaveLength(2);
    newest().open();
    job = async () => ({ status: "failed", attempt: 2, outputs: [] }) as unknown as Job;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(ends).toEqual(["failed"]);
  });

  it("says nothing any more once it was stopped", async () => {
    const stop = follow();
    newest().send("log", { at: 1, text: "one" });
    stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([]);
  });
});
