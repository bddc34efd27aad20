import { describe, expect, it } from "vitest";
import type { Usage } from "~/api/types";
import { gpuSeconds, groupNames, latencies, OTHERS, outcomes, times } from "./series";

const NONE = {
  jobs: 0,
  succeeded: 0,
  failed: 0,
  canceled: 0,
  gpu_seconds: 0,
  cold_starts: 0,
  queue: null,
  cold_start: null,
  run: null,
  total: null,
};
const usage = (changes: Partial<Usage>): Usage => ({
  since: 0,
  until: 10_800,
  bucket_seconds: 3600,
  all: NONE,
  buckets: [],
  groups: [],
  errors: [],
  ...changes,
});
const label = (at: number) => `${at / 3600} h`;

it("every bucket is there, with jobs or without", () => {
  expect(times(usage({}))).toEqual([0, 3600, 7200]);
  expect(
    outcomes(usage({ buckets: [{ ...NONE, group: "", at: 3600, jobs: 3, succeeded: 1, failed: 1 }] }), label),
  ).toEqual([
    { at: "0 h", succeeded: 0, failed: 0, canceled: 0, open: 0 },
    { at: "1 h", succeeded: 1, failed: 1, canceled: 0, open: 1 },
    { at: "2 h", succeeded: 0, failed: 0, canceled: 0, open: 0 },
  ]);
});

describe("with many groups", () => {
  const groups = Array.from({ length: 9 }, (_, index) => ({ ...NONE, group: `g${index}`, gpu_seconds: index }));
  const buckets = groups.map((group) => ({ ...group, at: 0 }));

  it("the busiest are named and the rest is one", () => {
    expect(groupNames(usage({ groups }))).toEqual(["g8", "g7", "g6", "g5", "g4", OTHERS]);
  });

  it("nothing is lost", () => {
    const [first] = gpuSeconds(usage({ groups, buckets }), label);
    expect(first).toEqual({ at: "0 h", g8: 8, g7: 7, g6: 6, g5: 5, g4: 4, [OTHERS]: 6 });
  });
});

it("a latency is a gap where there is none", () => {
  const run = { p50: 1, p95: 2, p99: 3 };
  const rows = latencies(usage({ until: 7200, buckets: [{ ...NONE, group: "", at: 0, run }] }), "p95", label);
  expect(rows).toEqual([
    { at: "0 h", queue: null, cold_start: null, run: 2 },
    { at: "1 h", queue: null, cold_start: null, run: null },
  ]);
});
