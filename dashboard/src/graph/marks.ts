import type { Job, Workflow } from "~/api/types";
import type { JobNews } from "~/events/jobNews";
import { ancestors } from "./readWorkflow";

/** How a node stands out. */
export interface NodeMark {
  state: "running" | "done" | "failed" | "problem" | "changed";
  /** From 0 to 1, of a running node. */
  fraction?: number;
  /** Said under the node's title. */
  note?: string;
}

export type Marks = Record<string, NodeMark>;

/** Return how the nodes of a job stand, by its live news and by the job as it is stored. */
export function marksOf(workflow: Workflow, news: JobNews, job?: Pick<Job, "status" | "error"> | null): Marks {
  const status = news.status ?? job?.status ?? null;
  if (status === "succeeded") return all(Object.keys(workflow), { state: "done" });
  const error = news.error ?? job?.error ?? null;
  const failed = status === "failed" ? nodesOf(error) : [];
  const at = failed[0]?.id ?? news.node?.id;
  // What a node needs has run or was cached: nobody says so of each single node.
  const done = at ? [...ancestors(workflow, at), ...news.passed].filter((id) => id in workflow) : news.passed;
  const marks = all(done, { state: "done" });
  if (status === "running" && news.node && news.node.id in workflow) marks[news.node.id] = running(news.node);
  for (const { id, note } of failed) if (id in workflow) marks[id] = { state: "failed", note };
  return marks;
}

function running({ value, max }: { value: number; max: number }): NodeMark {
  return max > 1
    ? { state: "running", fraction: Math.min(value / max, 1), note: `${value} / ${max}` }
    : { state: "running" };
}

function nodesOf(error: Pick<JobNews, "error">["error"]): { id: string; note?: string }[] {
  if (!error) return [];
  const details = error.details ?? {};
  if (typeof details.node_id === "string") return [{ id: details.node_id, note: error.message }];
  const problems = Array.isArray(details.problems)
    ? (details.problems as { node_id?: unknown; message?: unknown }[])
    : [];
  return problems.flatMap(({ node_id, message }) =>
    typeof node_id === "string" ? [{ id: node_id, note: typeof message === "string" ? message : undefined }] : [],
  );
}

function all(ids: string[], mark: NodeMark): Marks {
  return Object.fromEntries(ids.map((id) => [id, mark]));
}
