import { describe, expect, it } from "vitest";
import { jobTimes } from "./jobTimes";
import { keyName } from "./keyNames";
import { allows, forEach } from "./outcome";

const timed = {
  status: "succeeded",
  created_at: 100,
  started_at: 110,
  finished_at: 140,
  execution_time_seconds: 12,
  cold_start_seconds: 15,
} as const;

describe("a job's times", () => {
  it("are those of the queue, of the start of a ComfyUI, and of the run", () => {
    expect(jobTimes(timed, 999)).toEqual({ queue: 10, cold: 15, run: 12, total: 40 });
  });

  it("go on while the job is under way", () => {
    const running = { ...timed, status: "running", finished_at: null, execution_time_seconds: null } as const;
    expect(jobTimes(running, 130)).toMatchObject({ queue: 10, run: 5, total: 30 });
    const queued = { ...running, status: "queued", started_at: null, cold_start_seconds: null } as const;
    expect(jobTimes(queued, 130)).toEqual({ queue: 30, cold: null, run: null, total: 30 });
  });

  it("end with a job that was canceled in the queue", () => {
    const canceled = { ...timed, status: "canceled", started_at: null, finished_at: 105 } as const;
    expect(jobTimes({ ...canceled, execution_time_seconds: null, cold_start_seconds: null }, 999)).toMatchObject({
      queue: 5,
      run: null,
    });
  });
});

describe("who sent a job", () => {
  const keys = [{ client_id: "vc_1", name: "design team" }];
  it.each([
    ["vc_1", { name: "design team", visitor: null }],
    ["vc_1~abcdefghij", { name: "design team", visitor: "abcdef" }],
    ["vc_2", { name: "vc_2", visitor: null }],
  ])("%s is named", (keyId, name) => {
    expect(keyName(keyId, keys)).toEqual(name);
  });
});

describe("an action on several jobs", () => {
  it("is done for all that let it", async () => {
    const { done, faults } = await forEach(["a", "b", "c", "d", "e", "f"], async (id) => {
      if (id === "c") throw new Error("no");
    });
    expect(done.sort()).toEqual(["a", "b", "d", "e", "f"]);
    expect(faults).toHaveLength(1);
  });

  it("fits the state of the job", () => {
    expect(allows({ status: "running" }, "cancel")).toBe(true);
    expect(allows({ status: "running" }, "remove")).toBe(false);
    expect(allows({ status: "failed" }, "retry")).toBe(true);
  });
});
