import { describe, expect, it } from "vitest";
import { barsOf } from "./latency";

const seconds = (p50: number, p95: number) => ({ p50, p95, p99: p95 });
const figures = (jobs: number, cold_starts: number) => ({
  jobs,
  cold_starts,
  queue: seconds(1, 5),
  cold_start: cold_starts ? seconds(4, 10) : null,
  run: seconds(3, 15),
  total: seconds(4, 20),
});

describe("the bars of the latencies", () => {
  it("say where the time goes", () => {
    const bars = barsOf(figures(100, 0));
    expect(bars?.p95).toEqual([
      { part: "queue", seconds: 5, percent: 25 },
      { part: "run", seconds: 15, percent: 75 },
    ]);
    expect(bars?.p50.map((slice) => slice.percent)).toEqual([25, 75]);
  });

  it("have the cold start only where as many jobs had one", () => {
    const parts = (jobs: number, cold: number) =>
      Object.values(barsOf(figures(jobs, cold)) ?? {}).map((bar) => bar.some((slice) => slice.part === "cold_start"));
    expect(parts(100, 1)).toEqual([false, false]);
    expect(parts(100, 5)).toEqual([false, true]);
    expect(parts(100, 50)).toEqual([true, true]);
  });

  it("are not there where nothing is known, or all is nothing", () => {
    const none = { jobs: 0, cold_starts: 0, queue: null, cold_start: null, run: null, total: null };
    expect(barsOf(none)).toBeNull();
    expect(barsOf({ ...none, queue: seconds(0, 0) })).toBeNull();
  });
});
