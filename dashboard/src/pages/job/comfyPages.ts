import type { Workers } from "~/api/types";

/** A backend's own page. */
interface ComfyPage {
  name: string;
  url: string;
  /** The job ran on this one's worker. */
  own: boolean;
}

const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;

/**
 * Return the pages of the ComfyUIs that run now and that this browser may reach: one that listens on its own machine only can be
 * reached from there alone. Whether a firewall stands between is not known.
 */
export function comfyPages(workers: Workers, worker: string | null, pageHost: string): ComfyPage[] {
  const pages = workers.workers.flatMap(({ name: of, backends }) =>
    backends.flatMap(({ name, url, state }) =>
      url && state === "ready" && isReachable(url, pageHost)
        ? [{ name: `${of} / ${name}`, url, own: of === worker }]
        : [],
    ),
  );
  return pages.sort((a, b) => Number(b.own) - Number(a.own));
}

function isReachable(url: string, pageHost: string): boolean {
  try {
    const { hostname, protocol } = new URL(url);
    return /^https?:$/.test(protocol) && (!LOCAL.test(hostname) || LOCAL.test(pageHost));
  } catch {
    return false;
  }
}
