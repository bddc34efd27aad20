import { api, must } from "~/api/client";
import { parseExact, writeExact } from "~/api/exactJson";
import { saveFile } from "~/ui/saveFile";

/** Return the workflow of a job's JSON as JSON with every number as it was written: JavaScript would round large seeds. */
export function workflowText(jobJson: string): string {
  const { prompt } = parseExact(jobJson) as { prompt?: unknown };
  return `${writeExact(prompt ?? {}, 2)}\n`;
}

/** Have the browser save the workflow that a job ran. Throws ApiError. */
export async function downloadWorkflow(promptId: string, deployment: string): Promise<void> {
  const path = { prompt_id: promptId };
  const answer = await api.GET("/api/jobs/{prompt_id}", { params: { path }, parseAs: "text" });
  saveFile(workflowText(must<string>(answer)), `${deployment}-${promptId.slice(0, 8)}.json`, "application/json");
}
