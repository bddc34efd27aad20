import type { Input } from "~/api/types";
import type { FormValue } from "./values";

/** What every kind of field is given. */
export interface FieldProps {
  input: Input;
  value: FormValue;
  problem: string | undefined;
  disabled: boolean;
  onChange: (value: FormValue) => void;
  onReset: (() => void) | undefined;
}
