import { useCallback, useEffect, useState } from "react";
import type { Input } from "~/api/types";
import { type FormValue, initialValues, type Values } from "~/form/values";
import { restored, toSave } from "./savedValues";

export interface PlayForm {
  values: Values;
  problems: Record<string, string>;
  set: (name: string, value: FormValue) => void;
  setSeveral: (values: Values) => void;
  setProblems: (problems: Record<string, string>) => void;
  /** Back to the defaults; returns how to take that back. */
  reset: () => () => void;
}

/** What is in the form. What was typed is kept for the next visit, files apart. */
export function usePlayForm(deployment: string, inputs: Input[]): PlayForm {
  const place = `viewcomfy-play-${deployment}`;
  const [values, setValues] = useState<Values>(() => ({ ...initialValues(inputs), ...restored(inputs, read(place)) }));
  const [problems, setProblems] = useState<Record<string, string>>({});
  useEffect(() => write(place, toSave(inputs, values)), [place, inputs, values]);
  const setSeveral = useCallback((changed: Values) => {
    setValues((had) => ({ ...had, ...changed }));
    setProblems((had) => Object.fromEntries(Object.entries(had).filter(([name]) => !(name in changed))));
  }, []);
  const set = useCallback((name: string, value: FormValue) => setSeveral({ [name]: value }), [setSeveral]);
  const reset = () => {
    setSeveral(initialValues(inputs));
    return () => setSeveral(values);
  };
  return { values, problems, set, setSeveral, setProblems, reset };
}

function read(place: string): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return null;
  }
}

/** A browser that keeps nothing, or has no room, is no reason to stop. */
function write(place: string, kept: Values): void {
  try {
    if (Object.keys(kept).length) localStorage.setItem(place, JSON.stringify(kept));
    else localStorage.removeItem(place);
  } catch {
    // nothing is kept then
  }
}
