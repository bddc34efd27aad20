import type { Report } from "~/api/types";

export type Health = "ok" | "warning" | "error" | "unknown";

/** Return in one word what a report comes to. */
export function healthOf(report: Report): Health {
  if (!report.checked) return "unknown";
  if (!report.ok) return "error";
  return report.problems.length ? "warning" : "ok";
}
