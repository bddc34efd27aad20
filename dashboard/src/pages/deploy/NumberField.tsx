import { NumberInput, type NumberInputProps } from "@mantine/core";
import { useState } from "react";

interface Props extends Omit<NumberInputProps, "value" | "onChange"> {
  value: number | null | undefined;
  onChange: (value: number | null) => void;
}

/** A number that may be left out: while it is typed, the field shows what is typed. */
export function NumberField({ value, onChange, ...props }: Props) {
  const [typed, setTyped] = useState<string | number | null>(null);
  const type = (text: string | number) => {
    setTyped(text);
    const number = text === "" || text === "-" ? null : Number(text);
    if (number === null || Number.isFinite(number)) onChange(number);
  };
  return <NumberInput {...props} value={typed ?? value ?? ""} onChange={type} onBlur={() => setTyped(null)} />;
}
