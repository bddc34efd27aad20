import { describe, expect, it } from "vitest";
import type { Job } from "~/api/types";
import { type JobNews, NO_NEWS } from "~/events/jobNews";
import { liveState } from "./liveState";

const state = (job: Partial<Job>, news: Partial<JobNews> = {}) =>
  liveState({ status: "queued", position: null, ...job } as Job, { ...NO_NEWS, ...news });
const said = (...texts: string[]) => ({ lines: texts.map((text) => ({ at: 0, text, source: "viewcomfy" })) });
const running = { status: "running" as const };
const node = { id: "3", title: "Sampler", value: 4, max: 12 };

describe("a job that has not ended", () => {
  it.each([
    ["its place in the queue", { position: 3 }, said("Waiting."), "queued"],
    ["that it is next", { position: 0 }, {}, "next"],
    ["that it has been started", running, {}, "started"],
    ["that ComfyUI is starting", running, said("Starting ComfyUI 1.2 …", "Device: cpu"), "starting"],
    ["that ComfyUI has started", running, said("Starting ComfyUI 1.2 …", "ComfyUI is ready after 4 s."), "started"],
    ["what it does", running, { node, ...said("Starting ComfyUI 1.2 …") }, "running"],
  ])("says %s", (_, job, news, waitingFor) => {
    expect(state(job, news).waitingFor).toBe(waitingFor);
  });

  it("tells the last line of its log until there is progress to tell", () => {
    expect(state(running, said("a", " b ")).line).toBe("b");
    expect(state(running, { node, ...said("a") }).line).toBe("");
    expect(state({ position: 2 }, said("a")).line).toBe("");
  });

  it("believes its stream sooner than the last poll", () => {
    expect(state({ status: "queued" }, { status: "running" }).status).toBe("running");
    expect(state({ status: "running" }, {}).status).toBe("running");
  });

  it("names its node with the steps of that", () => {
    expect(state({}, { node }).node).toBe("Sampler (4/12)");
    expect(state({}, { node: { ...node, value: 0, max: 1 } }).node).toBe("Sampler");
    expect(state({}).node).toBe("");
  });
});
