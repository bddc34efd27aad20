import { api, must } from "./client";
import { parseExact } from "./exactJson";
import type { DeploymentDetail } from "./types";

/** Fetch a deployment, in its current version or another one; its workflow is exact, so that it can be sent or saved again. */
export async function fetchDeployment(name: string, version?: number): Promise<DeploymentDetail> {
  const params = { path: { name }, query: { version } };
  const text = must<string>(await api.GET("/api/deployments/{name}", { params, parseAs: "text" }));
  const { workflow_api } = parseExact(text) as DeploymentDetail;
  return { ...(JSON.parse(text) as DeploymentDetail), workflow_api };
}
