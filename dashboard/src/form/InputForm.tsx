import { Stack, Text } from "@mantine/core";
import { useCallback, useLayoutEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { AdvancedFields } from "./AdvancedFields";
import { FormField } from "./FormField";
import { shownInputs } from "./shown";
import { usePaste } from "./usePaste";
import { type FormValue, initialValue, type Values } from "./values";

interface Props {
  inputs: Input[];
  values: Values;
  onChange: (name: string, value: FormValue) => void;
  /** What is wrong, by the input's name. */
  problems: Record<string, string>;
  disabled?: boolean;
}

/** The form of a deployment's inputs, for people who need not know the workflow. */
export function InputForm({ inputs, values, onChange, problems, disabled = false }: Props) {
  const { t } = useTranslation("form");
  const root = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => shownInputs(inputs), [inputs]);
  const basic = shown.filter((input) => !input.advanced);
  const advanced = shown.filter((input) => input.advanced);
  const change = useSame(onChange);
  const paste = useCallback((name: string, file: File) => change(name, { file }), [change]);
  usePaste(root, disabled ? NONE : shown, values, paste);
  const field = (input: Input) => (
    <FormField
      key={input.key}
      input={input}
      value={input.name in values ? values[input.name] : initialValue(input)}
      problem={problems[input.name]}
      disabled={disabled}
      onChange={change}
    />
  );
  return (
    <Stack gap="lg" ref={root}>
      {shown.length === 0 && <Text c="dimmed">{t("nothing")}</Text>}
      {basic.map(field)}
      {advanced.length > 0 && (
        <AdvancedFields inputs={advanced} troubled={advanced.some((input) => problems[input.name])} field={field} />
      )}
    </Stack>
  );
}

const NONE: Input[] = [];

/** Return a function that stays the same and calls what was given last. */
function useSame(onChange: Props["onChange"]): Props["onChange"] {
  const last = useRef(onChange);
  useLayoutEffect(() => {
    last.current = onChange;
  });
  return useCallback((name, value) => last.current(name, value), []);
}
