import { useCallback, useMemo, useRef, useState } from "react";
import type { Input } from "~/api/types";
import { applied, type Edits, type Field, hasEdits, isEdited, moved, NO_EDITS, reset, withField } from "./edits";

const NONE: Input[] = [];

/** The ways to change inputs; they stay the same functions. */
export interface EditActions {
  set: <F extends Field>(key: string, field: F, value: Input[F]) => void;
  /** Put an input at a place among all, counted from 0. */
  move: (key: string, to: number) => void;
  reset: (key: string) => void;
  resetAll: () => void;
}

export interface EditorState {
  /** The inputs as they will be, in their order. */
  inputs: Input[];
  /** The param keys of those that differ from what the workflow declares. */
  edited: ReadonlySet<string>;
  declared: ReadonlyMap<string, Input>;
  /** Whether anything is changed here that is not stored. */
  dirty: boolean;
  actions: EditActions;
}

/** Hold what is changed about the inputs of a draft or a deployment. */
export function useEdits(): [Edits, (change: (edits: Edits) => Edits) => void] {
  return useState<Edits>(NO_EDITS);
}

/** Apply the edits to the inputs that the server gave. */
export function useInputEditor(
  base: Input[] | undefined,
  declared: Input[] | undefined,
  edits: Edits,
  change: (change: (edits: Edits) => Edits) => void,
): EditorState {
  const inputs = useMemo(() => applied(base ?? NONE, edits, declared), [base, edits, declared]);
  const own = useMemo(() => new Map(declared?.map((one) => [one.key, one])), [declared]);
  const isOne = useRemembered(isEdited);
  const edited = useMemo(
    () => new Set(inputs.filter((one) => isOne(one, own.get(one.key))).map((one) => one.key)),
    [inputs, own, isOne],
  );
  return { inputs, edited, declared: own, dirty: hasEdits(edits), actions: useActions(base ?? NONE, own, change) };
}

/** Remember the answers for inputs that stay the same objects: there may be a thousand, and each may have long choices. */
function useRemembered(ask: (input: Input, declared: Input | undefined) => boolean) {
  const known = useRef(new WeakMap<Input, [Input | undefined, boolean]>());
  return useCallback(
    (input: Input, declared: Input | undefined) => {
      const found = known.current.get(input);
      if (found?.[0] === declared && found) return found[1];
      const answer = ask(input, declared);
      known.current.set(input, [declared, answer]);
      return answer;
    },
    [ask],
  );
}

function useActions(
  base: Input[],
  declared: ReadonlyMap<string, Input>,
  change: (change: (edits: Edits) => Edits) => void,
): EditActions {
  const latest = useRef({ base, declared });
  latest.current = { base, declared };
  const onBase = useCallback(
    (key: string, then: (edits: Edits, input: Input) => Edits) =>
      change((edits) => {
        const input = latest.current.base.find((one) => one.key === key);
        return input ? then(edits, input) : edits;
      }),
    [change],
  );
  return useMemo(
    () => ({
      set: (key, field, value) =>
        onBase(key, (edits, input) => {
          const result = withField(edits, input, field, value);
          const other = excludes(field, value);
          return other ? withField(result, input, other, false) : result;
        }),
      move: (key, to) => change((edits) => moved(edits, latest.current.base, key, to)),
      reset: (key) => onBase(key, (edits, input) => reset(edits, input, latest.current.declared.get(key))),
      resetAll: () => change(() => NO_EDITS),
    }),
    [change, onBase],
  );
}

/** What can't be sent can't have to be sent. */
function excludes(field: Field, value: unknown): "locked" | "required" | null {
  if (value !== true) return null;
  if (field === "locked") return "required";
  return field === "required" ? "locked" : null;
}
