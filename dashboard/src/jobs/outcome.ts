import type { Job } from "~/api/types";
import { isFinal } from "~/events/jobNews";

export type JobAction = "cancel" | "retry" | "remove";

/** What became of an action on several jobs. */
export interface Outcome {
  done: string[];
  faults: unknown[];
}

const AT_ONCE = 4;

/** Tell whether something can be done with a job as it stands. */
export function allows(job: Pick<Job, "status">, action: JobAction): boolean {
  return action === "cancel" ? !isFinal(job.status) : isFinal(job.status);
}

/** Do something for each of the ids, a few at a time; one that fails does not stop the others. */
export async function forEach(
  promptIds: readonly string[],
  act: (promptId: string) => Promise<unknown>,
): Promise<Outcome> {
  const outcome: Outcome = { done: [], faults: [] };
  const open = [...promptIds];
  const take = async () => {
    for (let id = open.shift(); id !== undefined; id = open.shift()) {
      try {
        await act(id);
        outcome.done.push(id);
      } catch (fault) {
        outcome.faults.push(fault);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, promptIds.length) }, take));
  return outcome;
}
