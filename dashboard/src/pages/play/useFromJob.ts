import { useEffect } from "react";
import type { Job } from "~/api/types";

/** Fill the form with the values of the job that the address names (`?job=`), once; then the address is the playground's own again. */
export function useFromJob(again: (job: Pick<Job, "prompt_id">) => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page is opened
  useEffect(() => {
    const { search, pathname, hash } = window.location;
    const prompt_id = new URLSearchParams(search).get("job");
    if (!prompt_id) return;
    window.history.replaceState(window.history.state, "", pathname + hash);
    again({ prompt_id });
  }, []);
}
