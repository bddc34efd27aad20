import { Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { keyOf, optionsOf, realValue } from "~/form/choices";
import { digitsOf, kept } from "~/form/exact";
import { several } from "~/form/shown";
import { NumberField } from "./NumberField";

interface Props {
  input: Input;
  onChange: (value: unknown) => void;
}

/** What runs where a call says nothing. */
export function DefaultField({ input, onChange }: Props) {
  const { t } = useTranslation("deploy");
  const label = t("field.default");
  const description = input.locked ? t("field.defaultLocked") : t("field.defaultHelp");
  const text = typeof input.default === "string" ? input.default : "";
  if (several(input.default) || input.kind === "any") return <JsonField {...{ input, onChange, label, description }} />;
  switch (input.kind) {
    case "integer":
    case "number":
      return (
        <NumberField
          label={label}
          description={description}
          value={typeof input.default === "number" ? input.default : null}
          step={input.step ?? (input.kind === "integer" ? 1 : 0.01)}
          allowDecimal={input.kind === "number"}
          onChange={(value) => value !== null && onChange(value)}
        />
      );
    case "seed":
      return (
        <TextInput
          label={label}
          description={description}
          inputMode="numeric"
          value={digitsOf(input.default) ?? String(input.default ?? "")}
          onChange={(event) => {
            const digits = digitsOf(event.currentTarget.value || "0");
            if (digits !== null) onChange(kept(BigInt(digits)));
          }}
        />
      );
    case "boolean":
      return (
        <Switch
          mt="xl"
          label={label}
          description={description}
          checked={input.default === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <Select
          label={label}
          description={description}
          searchable
          limit={200}
          allowDeselect={false}
          data={optionsOf(input.choices ?? [], [input.default], (name) => t("field.defaultMissing", { name }))}
          value={keyOf(input.default)}
          onChange={(key) => key !== null && onChange(realValue(key))}
        />
      );
    case "text":
      return input.multiline ? (
        <Textarea
          label={label}
          description={description}
          autosize
          minRows={2}
          maxRows={8}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      ) : (
        <TextInput
          label={label}
          description={description}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput
          label={label}
          description={t("field.defaultFile")}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

/** A value that only the node understands, written as JSON. */
function JsonField({ input, onChange, label, description }: Props & { label: string; description: string }) {
  const { t } = useTranslation("deploy");
  const [typed, setTyped] = useState<string | null>(null);
  const fault = typed !== null && parsed(typed) === undefined;
  return (
    <Textarea
      label={label}
      description={description}
      autosize
      maxRows={8}
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      value={typed ?? JSON.stringify(several(input.default) ?? input.default ?? null)}
      error={fault ? t("field.notJson") : undefined}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        const value = parsed(event.currentTarget.value);
        if (value !== undefined && value !== null) onChange(value);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
