import type { Usage } from "~/api/types";

/** Return the share of jobs that succeeded among those that came to an end of their own, from 0 to 1; null where none did. */
export function successRate({ succeeded, failed }: Pick<Usage["all"], "succeeded" | "failed">): number | null {
  const ended = succeeded + failed;
  return ended ? succeeded / ended : null;
}
