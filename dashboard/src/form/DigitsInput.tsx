import { NumberInput, type NumberInputProps } from "@mantine/core";
import { digitsOf, kept, NEW_SEED, wholeLimit } from "./exact";
import type { Wiring } from "./Field";
import type { FieldProps } from "./fieldProps";

interface Props extends Pick<FieldProps, "input" | "value" | "onChange"> {
  wiring: Wiring;
  placeholder?: string;
  inputContainer?: NumberInputProps["inputContainer"];
}

/** A whole number that may be longer than JavaScript's numbers. */
export function DigitsInput({ input, value, onChange, wiring, placeholder, inputContainer }: Props) {
  const digits = value === NEW_SEED ? null : digitsOf(value);
  const minimum = wholeLimit(input.minimum, "minimum");
  return (
    <NumberInput<bigint>
      {...wiring}
      inputContainer={inputContainer}
      value={digits === null ? (typeof value === "string" ? value : "") : BigInt(digits)}
      onChange={(next) => onChange(typeof next === "bigint" ? kept(next) : next === "" ? null : next)}
      min={minimum}
      max={wholeLimit(input.maximum, "maximum")}
      step={1n}
      allowNegative={minimum === undefined || minimum < 0n}
      allowDecimal={false}
      inputMode="numeric"
      clampBehavior="blur"
      placeholder={placeholder}
    />
  );
}
