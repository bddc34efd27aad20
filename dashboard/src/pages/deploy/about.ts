import type { Deployment } from "~/api/types";
import type { Draft } from "~/workflow-file/draft";

/** What a deployer says about a version besides its inputs; null where nothing was said, so that it stays as it was. */
export interface About {
  name: string;
  title: string | null;
  description: string | null;
  note: string;
  timeLimit: number | null;
  cancelOnDisconnect: boolean | null;
  pool: string | null;
  /** 0: urgent, 1: normal, 2: low. */
  priority: number | null;
  /** GiB of GPU memory; 0 is any. */
  memory: number | null;
  /** The id of an environment; "" is none. */
  environment: string | null;
  /** Whether backends run it once when they have started. */
  warmUp: boolean | null;
  makeCurrent: boolean;
}

export function aboutDraft(draft: Draft): About {
  return {
    name: draft.name,
    title: null,
    description: null,
    note: "",
    timeLimit: null,
    cancelOnDisconnect: null,
    pool: null,
    priority: null,
    memory: null,
    environment: null,
    warmUp: null,
    makeCurrent: true,
  };
}

/** Return what is shown: what was said here, else what the app file says, else what the version before said. */
export function shownAbout(about: About, draft: Draft, before: Deployment | undefined) {
  return {
    title: about.title ?? (draft.title || before?.title || ""),
    description: about.description ?? (before?.description || ""),
    timeLimit: about.timeLimit ?? before?.time_limit ?? 0,
    cancelOnDisconnect: about.cancelOnDisconnect ?? before?.cancel_on_disconnect ?? false,
    pool: about.pool ?? before?.pool ?? "default",
    priority: about.priority ?? before?.priority ?? 1,
    memory: about.memory ?? before?.memory ?? 0,
    environment: about.environment ?? before?.environment ?? "",
    warmUp: about.warmUp ?? before?.warm_up != null,
    makeCurrent: about.makeCurrent || !before,
  };
}

/** Tell whether a pool can be called so. */
export function isPoolName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name);
}

/** Return the warm-up call to send: null keeps that of the version before, with its values. */
export function warmUpToSend(about: About): Record<string, never> | false | null {
  if (about.warmUp === null) return null;
  return about.warmUp ? {} : false;
}

/** Return what a check is to know of where the jobs run: not yet a pool that can't be called so. */
export function placeToCheck({ environment, memory, pool }: Pick<About, "environment" | "memory" | "pool">) {
  return { environment, memory, pool: pool !== null && isPoolName(pool) ? pool : null };
}
