import { useMutation } from "@tanstack/react-query";
import { type RefObject, useState } from "react";
import { type ApiError, asApiError } from "~/api/errors";
import { submit } from "~/api/jobs";
import type { Input, Job } from "~/api/types";
import { problemsByInput, toRunForm } from "~/form/values";
import { refusalOf } from "./refusals";
import type { PlayForm } from "./usePlayForm";

export interface Run {
  start: () => void;
  /** It is being sent. */
  sending: boolean;
  /** Why the last one was refused; problems of single fields are shown there. */
  refused: ApiError | null;
  /** Nobody is signed in any more. */
  signedOut: boolean;
  forgive: () => void;
  /** How many were accepted since the page was opened. */
  count: number;
}

/** Send the form, and show at the fields what is wrong with it. */
export function useRun(
  name: string,
  inputs: Input[],
  form: PlayForm,
  part: RefObject<HTMLElement | null>,
  onAccepted: (job: Job) => void,
): Run {
  const [count, setCount] = useState(0);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const send = useMutation({
    networkMode: "always", // without a connection it says so, instead of running at some later time
    mutationFn: () => submit(name, toRunForm(inputs, form.values)),
    onSuccess: (job) => {
      setRefused(null);
      form.setProblems({});
      setCount((had) => had + 1);
      onAccepted(job);
    },
    onError: (fault) => {
      const error = asApiError(fault);
      setRefused(error);
      form.setProblems(problemsByInput(error, inputs));
      setTimeout(() => goToProblem(part.current), 50); // once it is drawn
    },
  });
  const start = () => {
    if (!send.isPending) send.mutate();
  };
  const signedOut = refused !== null && refusalOf(refused) === "signedOut";
  return { start, sending: send.isPending, refused, signedOut, forgive: () => setRefused(null), count };
}

function goToProblem(part: HTMLElement | null): void {
  const field = part?.querySelector<HTMLElement>('[aria-invalid="true"]');
  const shown = field ?? part?.querySelector<HTMLElement>('[role="alert"]');
  shown?.scrollIntoView({ block: "center" });
  field?.focus({ preventScroll: true });
}
