import type { components } from "~/api/schema";
import type { Report, Workflow } from "~/api/types";

export type Model = components["schemas"]["ModelIO"];

/** Return the models of a list that a report finds missing and that can be had somewhere. */
export function missingModels(models: readonly Model[], report: Report | undefined, workflow: Workflow): Model[] {
  const missing = new Set(
    (report?.problems ?? [])
      .filter((problem) => problem.code === "missing_model")
      .map(({ node_id, input_name }) => workflow[node_id]?.inputs[input_name]),
  );
  return models.filter((model) => model.url && missing.has(model.file));
}
