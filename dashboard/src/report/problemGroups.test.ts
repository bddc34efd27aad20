import { describe, expect, it } from "vitest";
import { problemGroups, type ReportProblem, verdict } from "./problemGroups";

const problem = (node_id: string, severity: "error" | "warning" = "error"): ReportProblem => ({
  code: "missing_model",
  severity,
  message: "It is wrong.",
  node_id,
  node_title: `Node ${node_id}`,
  input_name: "",
  backends: [],
  nearest: [],
  packs: [],
});

describe("the problems of a report", () => {
  it("are grouped by node, those with errors first", () => {
    const groups = problemGroups([problem("4", "warning"), problem("3"), problem("3", "warning"), problem("")]);
    expect(groups.map(({ id, errors, problems }) => [id, errors, problems.length])).toEqual([
      ["3", 1, 2],
      ["", 1, 1],
      ["4", 0, 1],
    ]);
  });
});

describe("a report", () => {
  it.each([
    [false, [], [], "notChecked"],
    [true, ["a", "b"], ["a", "b"], "runs"],
    [true, ["a", "b"], ["a"], "runsOnSome"],
    [true, ["a"], [], "nothing"],
  ] as const)("checked %s on %j with %j that can run it says %s", (checked, backends, can_run_on, said) => {
    expect(verdict({ checked, backends: [...backends], can_run_on: [...can_run_on] })).toBe(said);
  });
});
