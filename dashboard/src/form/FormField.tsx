import { type ComponentType, memo } from "react";
import type { Input } from "~/api/types";
import { AnyField } from "./AnyField";
import { ChoiceField } from "./ChoiceField";
import { FileField } from "./FileField";
import type { FieldProps } from "./fieldProps";
import { NumberField } from "./NumberField";
import { SeedField } from "./SeedField";
import { TextField } from "./TextField";
import { ToggleField } from "./ToggleField";
import { type FormValue, initialValue, isInitial } from "./values";

const FIELDS: Record<Input["kind"], ComponentType<FieldProps>> = {
  text: TextField,
  integer: NumberField,
  number: NumberField,
  boolean: ToggleField,
  choice: ChoiceField,
  seed: SeedField,
  image: FileField,
  video: FileField,
  audio: FileField,
  file: FileField,
  any: AnyField,
};

interface Props {
  input: Input;
  value: FormValue;
  problem: string | undefined;
  disabled: boolean;
  /** The same function each time, so that only the field that changed is drawn anew. */
  onChange: (name: string, value: FormValue) => void;
}

/** One input of the form, by its kind. */
export const FormField = memo(function FormField({ input, value, problem, disabled, onChange }: Props) {
  const Kind = FIELDS[input.kind] ?? TextField;
  const set = (next: FormValue) => onChange(input.name, next);
  const reset = () => set(initialValue(input));
  return (
    <Kind
      input={input}
      value={value}
      problem={problem}
      disabled={disabled}
      onChange={set}
      onReset={isInitial(input, value) || disabled ? undefined : reset}
    />
  );
});
