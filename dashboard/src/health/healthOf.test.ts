import { describe, expect, it } from "vitest";
import type { Report } from "~/api/types";
import { healthOf } from "./healthOf";

const report = (given: Partial<Report>): Report => ({
  ok: true,
  checked: true,
  summary: "",
  backends: [],
  can_run_on: [],
  problems: [],
  ...given,
});
const problem = { code: "x", severity: "warning" as const, message: "", node_id: "", node_title: "", input_name: "" };

describe("the health", () => {
  it.each([
    ["ok", report({})],
    ["warning", report({ problems: [{ ...problem, backends: [], nearest: [], packs: [] }] })],
    ["error", report({ ok: false })],
    ["unknown", report({ checked: false })],
  ])("is %s", (health, given) => expect(healthOf(given)).toBe(health));
});
