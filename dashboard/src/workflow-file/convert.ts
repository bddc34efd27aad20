import { CSRF, errorOf } from "~/api/client";
import { parseExact } from "~/api/exactJson";
import type { components } from "~/api/schema";
import type { Workflow } from "~/api/types";

/** A workflow in the API format, and the models that its nodes name. */
export interface Converted {
  workflow_api: Workflow;
  models: components["schemas"]["ModelIO"][];
}

/** Have the server read a workflow in the editor's format, or out of a picture, a video or a sound. Throws ApiError. */
export async function convert(file: Blob): Promise<Converted> {
  const response = await fetch("/api/convert", { method: "POST", body: file, headers: CSRF });
  if (!response.ok) throw await errorOf(response);
  return parseExact(await response.text()) as Converted; // numbers stay as they were written
}
