import type { Report } from "~/api/types";

export type ReportProblem = Report["problems"][number];

/** What is wrong with one node, or (id "") with the workflow as a whole. */
export interface ProblemGroup {
  id: string;
  title: string;
  errors: number;
  problems: ReportProblem[];
}

/** Return the problems of a report by node: those with errors first, then in the report's order. */
export function problemGroups(problems: readonly ReportProblem[]): ProblemGroup[] {
  const groups = new Map<string, ProblemGroup>();
  for (const problem of problems) {
    const group = groups.get(problem.node_id) ?? {
      id: problem.node_id,
      title: problem.node_title,
      errors: 0,
      problems: [],
    };
    group.problems.push(problem);
    if (problem.severity === "error") group.errors += 1;
    groups.set(problem.node_id, group);
  }
  return [...groups.values()].sort((one, two) => Number(two.errors > 0) - Number(one.errors > 0));
}

/** How a report came out: on all backends, on some, on none, or not known. */
export type Verdict = "runs" | "runsOnSome" | "nothing" | "notChecked";

export function verdict(report: Pick<Report, "checked" | "backends" | "can_run_on">): Verdict {
  if (!report.checked) return "notChecked";
  if (report.can_run_on.length === 0) return "nothing";
  return report.can_run_on.length < report.backends.length ? "runsOnSome" : "runs";
}
