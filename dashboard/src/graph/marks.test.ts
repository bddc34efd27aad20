import { describe, expect, it } from "vitest";
import type { Workflow } from "~/api/types";
import { NO_NEWS } from "~/events/jobNews";
import { marksOf } from "./marks";

const workflow: Workflow = {
  "1": { class_type: "Load", inputs: {} },
  "2": { class_type: "Sample", inputs: { model: ["1", 0] } },
  "3": { class_type: "Save", inputs: { images: ["2", 0] } },
};

describe("the marks of a job's nodes", () => {
  it("light the running node with its progress, and call done what it needed", () => {
    const node = { id: "2", title: "Sample", value: 3, max: 10 };
    const marks = marksOf(workflow, { ...NO_NEWS, status: "running", node });
    expect(marks).toEqual({ "1": { state: "done" }, "2": { state: "running", fraction: 0.3, note: "3 / 10" } });
  });

  it("are all done when the job has succeeded", () => {
    const marks = marksOf(workflow, NO_NEWS, { status: "succeeded", error: null });
    expect(Object.values(marks).map(({ state }) => state)).toEqual(["done", "done", "done"]);
  });

  it("show the node that failed", () => {
    const error = { code: "workflow_failed", message: "Sample: no", details: { node_id: "2" } };
    const marks = marksOf(workflow, NO_NEWS, { status: "failed", error });
    expect(marks).toEqual({ "1": { state: "done" }, "2": { state: "failed", note: "Sample: no" } });
  });

  it("show every node that ComfyUI refused", () => {
    const problems = [
      { node_id: "1", message: "no model" },
      { node_id: "3", message: "no folder" },
      { message: "more" },
    ];
    const error = { code: "workflow_rejected", message: "no", details: { problems } };
    const marks = marksOf(workflow, NO_NEWS, { status: "failed", error });
    expect(marks["1"]).toEqual({ state: "failed", note: "no model" });
    expect(marks["3"]?.state).toBe("failed");
  });

  it("say nothing of nodes that are not in the workflow", () => {
    const node = { id: "gone", title: "?", value: 0, max: 1 };
    expect(marksOf(workflow, { ...NO_NEWS, status: "running", node })).toEqual({});
  });
});
