import { Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Field } from "./Field";
import type { FieldProps } from "./fieldProps";

/** A list, or something that only the node understands: typed as JSON or as plain text. */
export function AnyField(props: FieldProps) {
  const { value, onChange } = props;
  const { t } = useTranslation("form");
  const text = value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return (
    <Field {...props}>
      {(wiring) => (
        <Textarea
          {...wiring}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
          placeholder={t("list")}
          autosize
          minRows={1}
          maxRows={8}
          ff="monospace"
        />
      )}
    </Field>
  );
}
