import type { Workflow } from "~/api/types";

const ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const FOLDER = new RegExp(`^viewcomfy/${ID}[^/]*/`);
const UPLOAD = new RegExp(`^${ID}-\\d+-(?=.)`);

/** Return a workflow without what one of our own jobs had put into it: its folder, and its id before the names of uploads. */
export function withoutOurJob(workflow: Workflow): Workflow {
  const bare = (value: unknown) => (typeof value === "string" ? value.replace(FOLDER, "").replace(UPLOAD, "") : value);
  return Object.fromEntries(
    Object.entries(workflow).map(([id, node]) => {
      const inputs = Object.fromEntries(Object.entries(node.inputs).map(([name, value]) => [name, bare(value)]));
      return [id, { ...node, inputs }];
    }),
  );
}
