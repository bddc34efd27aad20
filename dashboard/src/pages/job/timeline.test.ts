import { describe, expect, it } from "vitest";
import { moments, stretches } from "./timeline";

const timed = {
  status: "succeeded",
  created_at: 100,
  started_at: 110,
  finished_at: 140,
  execution_time_seconds: 12,
  cold_start_seconds: 15,
} as const;

describe("the timeline of a job", () => {
  it("is made of queue, start, run and files, which are its whole time", () => {
    const parts = stretches(timed, 999);
    expect(parts.map(({ phase, seconds }) => [phase, seconds])).toEqual([
      ["queue", 10],
      ["cold", 15],
      ["run", 12],
      ["files", 3],
    ]);
    expect(parts.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(100);
  });

  it("shows what is short, and leaves out what did not happen", () => {
    const parts = stretches({ ...timed, started_at: 100.2, cold_start_seconds: null, execution_time_seconds: 39.8 }, 0);
    expect(parts.map(({ phase }) => phase)).toEqual(["queue", "run"]);
    expect(parts[0]?.share).toBeGreaterThan(2);
  });

  it("is all queue before the job is claimed", () => {
    const queued = { ...timed, status: "queued", started_at: null, finished_at: null } as const;
    const parts = stretches({ ...queued, execution_time_seconds: null, cold_start_seconds: null }, 130);
    expect(parts).toEqual([{ phase: "queue", seconds: 30, share: 100 }]);
  });

  it("survives clocks that disagree", () => {
    const odd = { ...timed, started_at: 90, finished_at: 80, cold_start_seconds: 500 };
    expect(stretches(odd, 0).every(({ seconds, share }) => seconds >= 0 && share >= 0)).toBe(true);
  });

  it("names its moments", () => {
    expect(moments(timed)).toEqual({ accepted: 100, claimed: 110, ready: 125, done: 140 });
    expect(moments({ ...timed, status: "running", finished_at: null, cold_start_seconds: null })).toEqual({
      accepted: 100,
      claimed: 110,
      ready: null,
      done: null,
    });
  });
});
