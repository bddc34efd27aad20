import { describe, expect, it } from "vitest";
import { failureOf } from "./failure";

describe("what is known of a failure", () => {
  it("is the node, the exception and the traceback with its last line", () => {
    const failure = failureOf({
      code: "workflow_failed",
      message: "KSampler: out of range",
      details: {
        node_id: "3",
        node_type: "KSampler",
        node_title: "Paint",
        exception_type: "ValueError",
        traceback: ['  File "a.py", line 1\n', "    x()\n"],
      },
    });
    expect(failure).toMatchObject({ nodeId: "3", nodeTitle: "Paint", exception: "ValueError" });
    expect(failure.traceback).toBe('  File "a.py", line 1\n    x()\nValueError: out of range');
  });

  it("is what ComfyUI printed last, where it did not start", () => {
    const error = { code: "no_backend", message: "ComfyUI ended.", details: { lines: ["one", "two"] } };
    expect(failureOf(error).traceback).toBe("one\ntwo\n");
  });

  it("is each of several problems", () => {
    const problems = [{ node_id: "4", message: "no model" }, { message: "no folder" }, 5, null];
    const failure = failureOf({ code: "workflow_rejected", message: "no", details: { problems } });
    expect(failure.nodeId).toBe("4");
    expect(failure.problems).toEqual([
      { nodeId: "4", message: "no model" },
      { nodeId: null, message: "no folder" },
    ]);
  });

  it("is nothing where the details say nothing", () => {
    const failure = failureOf({
      code: "timed_out",
      message: "It took too long.",
      details: { node_id: 5, traceback: "x" },
    });
    expect(failure).toEqual({ nodeId: null, nodeTitle: null, exception: null, traceback: "", problems: [] });
  });
});
