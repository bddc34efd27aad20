import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { api, must } from "~/api/client";
import { ApiError } from "~/api/errors";
import { parseDigits } from "~/api/exactJson";
import type { Check, Input, Workflow } from "~/api/types";
import type { Draft } from "~/workflow-file/draft";
import type { About } from "./about";
import { type Edits, hasEdits, type InputEdits, toSend } from "./edits";

/** What is checked: a workflow or an app file. */
type Source = Pick<Draft, "workflow_api" | "app_file">;

const PAUSE = 400;
const NOTHING: InputEdits = {};
const NOWHERE: Place = {};
const numbers = new WeakMap<object, number>();
let last = 0;

/** What the server says of a draft with the edits made here, a moment after each of them. */
export interface Checked {
  /** The inputs without the edits made here; undefined until the server has answered. */
  base: Input[] | undefined;
  /** The inputs as the workflow itself declares them. */
  declared: Input[] | undefined;
  /** The last answer: the report, the changes for callers, the lost edits. */
  answer: Check | undefined;
  /** What is wrong with the edits, by param key. */
  problems: Record<string, string>;
  /** Why there is no answer at all. */
  error: unknown;
  isChecking: boolean;
  again: () => void;
}

/** Where the jobs of a draft are to run; what is null or left out is as in the version before. */
type Place = Partial<Pick<About, "environment" | "pool" | "memory">>;

/** Check a draft against the backends, as the next version of the deployment `name` where that is there. */
export function useChecked(source: Source, name: string | undefined, edits: Edits, place = NOWHERE): Checked {
  const base = useCheck(source, name, NOTHING, place);
  const workflow = workflowOf(source);
  const alone = useMemo(() => ({ workflow_api: workflow }), [workflow]);
  const own = useCheck(alone, undefined, NOTHING, NOWHERE, !!(workflow && (name || source.app_file)));
  const declared = name || source.app_file ? own.data?.inputs : base.data?.inputs;
  const sent = useMemo(
    () => (base.data && hasEdits(edits) ? toSend(base.data.inputs, edits, declared) : NOTHING),
    [base.data, declared, edits],
  );
  const [settled] = useDebouncedValue(sent, PAUSE);
  const changed = Object.keys(settled).length > 0;
  const edited = useCheck(source, name, settled, place, changed);
  const [refetchBase, refetchEdited] = [base.refetch, edited.refetch];
  const latest = changed ? edited : base;
  const refused = changed && edited.error instanceof ApiError && edited.error.problems.length > 0 ? edited.error : null;
  return {
    base: base.data?.inputs,
    declared,
    answer: (changed ? edited.data : null) ?? base.data,
    problems: useMemo(() => problemsByKey(refused, base.data?.inputs, declared), [refused, base.data, declared]),
    error: base.error ?? (refused ? null : latest.error),
    isChecking: base.isFetching || latest.isFetching || settled !== sent,
    again: useCallback(() => {
      void refetchBase();
      if (changed) void refetchEdited();
    }, [refetchBase, refetchEdited, changed]),
  };
}

function useCheck(
  source: Source,
  name: string | undefined,
  inputs: InputEdits,
  place: Place,
  enabled = true,
): UseQueryResult<Check> {
  const { workflow_api, app_file } = source;
  return useQuery({
    queryKey: ["check", numberOf(workflow_api ?? app_file ?? source), name ?? null, inputs, place],
    queryFn: async ({ signal }) => {
      const body = { workflow_api, app_file, name, inputs, ...place };
      return exactDefaults(must<string>(await api.POST("/api/check", { body, signal, parseAs: "text" })));
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 60_000,
    enabled,
  });
}

/** Return an answer with the defaults as a form keeps them: of those that JavaScript would round, the digits. */
function exactDefaults(text: string): Check {
  const check = JSON.parse(text) as Check;
  const { inputs } = parseDigits(text) as Check;
  return { ...check, inputs: check.inputs.map((input, at) => ({ ...input, default: inputs[at]?.default ?? null })) };
}

/** Return the workflow of a draft, also out of an app file. */
export function workflowOf({ workflow_api, app_file }: Source): Workflow | undefined {
  if (workflow_api) return workflow_api;
  const workflows = app_file?.workflows as { workflowApiJSON?: Workflow }[] | undefined;
  return workflows?.[0]?.workflowApiJSON;
}

/** A number for each workflow, so that a query's key need not hold it whole. */
function numberOf(source: object): number {
  const known = numbers.get(source);
  if (known !== undefined) return known;
  last += 1;
  numbers.set(source, last);
  return last;
}

/** The server names the inputs as the workflow declares them. */
function problemsByKey(fault: ApiError | null, base: Input[] = [], declared: Input[] = []): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { input, message, hint } of fault?.problems ?? []) {
    const one = [...declared, ...base].find((known) => known.name === input || known.key === input);
    const text = [message, hint].filter(Boolean).join(" ");
    if (one) found[one.key] = found[one.key] ? `${found[one.key]} ${text}` : text;
  }
  return found;
}
