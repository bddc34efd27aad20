import type { Workers } from "~/api/types";

/** Why no job would run now; null while one would. */
export type Obstacle = { kind: "none" | "draining" } | { kind: "failed"; failure: string } | null;

/** Return what keeps every job from running. A ComfyUI that is stopped is started by the next job. */
export function obstacleOf(workers: Workers): Obstacle {
  const backends = workers.workers.flatMap((worker) => worker.backends);
  if (!backends.length) return { kind: "none" };
  if (backends.every((backend) => backend.draining)) return { kind: "draining" };
  const claiming = backends.filter((backend) => !backend.draining);
  if (claiming.some((backend) => backend.state !== "failed")) return null;
  return { kind: "failed", failure: claiming.find((backend) => backend.last_failure)?.last_failure ?? "?" };
}
