import type { Backend } from "~/api/types";

type Condition = "working" | "ready" | "starting" | "stopped" | "failed" | "draining";

/** Return a backend's state in one word. One that claims no jobs is draining, whether it runs or not. */
export function condition(backend: Backend): Condition {
  if (backend.draining) return "draining";
  return backend.state === "ready" && backend.prompt_ids.length ? "working" : backend.state;
}

const LOOPBACK = /^(127\.|localhost$|\[::1\]$|0\.0\.0\.0$)/;

/** Tell whether a browser that has the dashboard open at `host` can open a backend's own page: loopback is each machine's own. */
export function reachable(url: string, host: string): boolean {
  return URL.canParse(url) && (!LOOPBACK.test(new URL(url).hostname) || LOOPBACK.test(host));
}

/** Return how full something is, from 0 to 100, if that is known. */
export function used(free: number | null, total: number | null): number | null {
  return free === null || !total ? null : Math.min(100, Math.max(0, (1 - free / total) * 100));
}
