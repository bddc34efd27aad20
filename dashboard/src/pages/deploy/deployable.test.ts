import { describe, expect, it } from "vitest";
import type { Change, Report } from "~/api/types";
import { obstacle } from "./deployable";

const report = (ok: boolean): Report => ({
  ok,
  summary: "",
  checked: true,
  backends: ["a"],
  can_run_on: [],
  problems: [],
});
const breaking: Change = { code: "input_removed", breaking: true, input: "cfg", message: "It is gone." };
const good = {
  nameIsGood: true,
  report: report(true),
  failed: false,
  editProblems: 0,
  changes: [] as Change[],
  makeCurrent: true,
  allowBreaking: false,
};

describe("a draft", () => {
  it.each([
    [{}, null],
    [{ nameIsGood: false }, "name"],
    [{ report: undefined }, "notCheckedYet"],
    [{ failed: true, report: undefined }, "invalid"],
    [{ editProblems: 2 }, "edits"],
    [{ report: report(false) }, "report"],
    [{ changes: [breaking] }, "breaking"],
    [{ changes: [{ ...breaking, breaking: false }] }, null],
    [{ changes: [breaking], allowBreaking: true }, null],
    [{ changes: [breaking], makeCurrent: false }, null],
    [{ changes: [breaking], report: report(false), allowBreaking: true }, "report"],
  ])("with %j is kept back by %s", (more, found) => {
    expect(obstacle({ ...good, ...more })).toBe(found);
  });
});
