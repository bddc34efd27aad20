import { createContext, useContext } from "react";
import type { Input, Job, Output } from "~/api/types";

/** What can be done with the jobs of the page and what they made. */
export interface PlayActions {
  inputs: Input[];
  /** Show it large. */
  open: (job: Job, output: Output) => void;
  compare: (job: Job, output: Output) => void;
  /** Put it into the form. */
  sendTo: (output: Output, input: Input) => void;
  /** Put what a job was sent back into the form. */
  again: (job: Pick<Job, "prompt_id">) => void;
  copyParams: (job: Job) => void;
  showLog: (job: Job) => void;
  cancel: (job: Job) => void;
  remove: (job: Job) => void;
}

export const PlayContext = createContext<PlayActions | null>(null);

export function usePlay(): PlayActions {
  const actions = useContext(PlayContext);
  if (!actions) throw new TypeError("There is no playground around this.");
  return actions;
}
