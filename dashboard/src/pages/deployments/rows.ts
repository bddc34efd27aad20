import type { Deployment, Usage } from "~/api/types";
import { successRate } from "~/usage/successRate";

/** A deployment with how it does. */
export interface Row {
  deployment: Deployment;
  /** In the last 24 hours. */
  jobs: number;
  /** From 0 to 1, of the jobs that ended; null where none has. */
  successRate: number | null;
}

/** Return the deployments with how they do, as far as that is known yet. */
export function rowsOf(deployments: Deployment[], usage?: Usage): Row[] {
  const groups = new Map(usage?.groups.map((group) => [group.group, group]));
  return deployments.map((deployment) => {
    const group = groups.get(deployment.name);
    return {
      deployment,
      jobs: group?.jobs ?? 0,
      successRate: group ? successRate(group) : null,
    };
  });
}

/** Return the rows whose name, title or description holds every word of a query. */
export function found(rows: Row[], query: string): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(({ deployment }) => {
    const text = `${deployment.name} ${deployment.title} ${deployment.description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
