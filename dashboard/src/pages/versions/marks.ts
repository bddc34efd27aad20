import type { Marks } from "~/graph/marks";
import type { WorkflowDiff } from "./workflowDiff";

/** Return the marks of a difference in one of the two workflows; `say` words the notes. */
export function diffMarks(
  { changes }: WorkflowDiff,
  side: "before" | "after",
  say: (state: "added" | "removed" | "changed") => string,
): Marks {
  const marks: Marks = {};
  for (const { state, id, idBefore } of changes) {
    if (state === (side === "before" ? "added" : "removed")) continue;
    const node = side === "before" ? (idBefore ?? id) : id;
    marks[node] = { state: state === "removed" ? "problem" : state === "added" ? "done" : "changed", note: say(state) };
  }
  return marks;
}
