import type { Change, Report } from "~/api/types";

/** Why a draft can't be deployed as it stands, as a key of `deploy:bar.why`. */
export type Obstacle = "name" | "notCheckedYet" | "invalid" | "edits" | "report" | "breaking";

interface Standing {
  nameIsGood: boolean;
  /** Whether the server has answered a check at all. */
  report: Report | undefined;
  failed: boolean;
  editProblems: number;
  changes: Change[];
  makeCurrent: boolean;
  allowBreaking: boolean;
}

/** Return what stands in the way; "report" can be overruled with force, "breaking" by confirming it. */
export function obstacle(now: Standing): Obstacle | null {
  if (!now.nameIsGood) return "name";
  if (now.failed) return "invalid";
  if (!now.report) return "notCheckedYet";
  if (now.editProblems > 0) return "edits";
  if (mustConfirm(now) && !now.allowBreaking) return "breaking";
  return now.report.ok ? null : "report";
}

/** Tell whether calls would break at once; a version that is not made the current one breaks none. */
export function mustConfirm({ changes, makeCurrent }: Pick<Standing, "changes" | "makeCurrent">): boolean {
  return makeCurrent && changes.some((change) => change.breaking);
}
