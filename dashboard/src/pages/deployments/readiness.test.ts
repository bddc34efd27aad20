import { describe, expect, it } from "vitest";
import type { Backend, Workers } from "~/api/types";
import { obstacleOf } from "./readiness";

const backend = (given: Partial<Backend>) => ({ state: "stopped", draining: false, ...given }) as Backend;
const workers = (...backends: Backend[]): Workers => ({
  queued: 0,
  workers: [{ name: "one", pool: "default", seen_at: 0, facts: {}, backends }],
});

describe("jobs", () => {
  it("can't run without a ComfyUI", () => {
    expect(obstacleOf({ queued: 0, workers: [] })).toEqual({ kind: "none" });
    expect(obstacleOf(workers())).toEqual({ kind: "none" });
  });

  it.each(["stopped", "starting", "ready"] as const)("run where a backend is %s", (state) => {
    expect(obstacleOf(workers(backend({ state: "failed" }), backend({ state })))).toBeNull();
  });

  it("can't run where every backend has failed, and the failure is told", () => {
    const failed = backend({ state: "failed", last_failure: "exit code 1" });
    expect(obstacleOf(workers(backend({ state: "failed" }), failed))).toEqual({
      kind: "failed",
      failure: "exit code 1",
    });
    expect(obstacleOf(workers(failed, backend({ state: "ready", draining: true })))?.kind).toBe("failed");
  });

  it("can't run where every backend is drained", () => {
    expect(obstacleOf(workers(backend({ state: "ready", draining: true })))).toEqual({ kind: "draining" });
  });
});
