import { MultiSelect, Select } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { keyOf, optionsOf, realValue } from "./choices";
import { Field } from "./Field";
import type { FieldProps } from "./fieldProps";
import { several } from "./shown";
import { TextField } from "./TextField";

/** So many can be seen at once; more can be searched. */
const AT_ONCE = 8;
/** A list of thousands of files would be slow to open; the search finds the rest. */
const LISTED = 200;

/** One of the choices, or several where the workflow holds several. */
export function ChoiceField(props: FieldProps) {
  if (!props.input.choices) return <TextField {...props} />;
  return <Choices {...props} />;
}

function Choices(props: FieldProps) {
  const { input, value, onChange } = props;
  const { t } = useTranslation("form");
  const many = several(input.default) && (several(value) ?? (value === null ? [] : [value]));
  const options = useMemo(
    () => optionsOf(input.choices ?? [], several(value) ?? [value], (text) => t("notThere", { value: text })),
    [input.choices, value, t],
  );
  return (
    <Field {...props}>
      {(wiring) => {
        const shared = {
          ...wiring,
          "aria-label": input.label, // names the list as well
          data: options,
          searchable: options.length > AT_ONCE,
          limit: options.length > LISTED ? LISTED : undefined,
          nothingFoundMessage: t("noChoice"),
          placeholder: t("choose"),
          maxDropdownHeight: 320,
        };
        if (many)
          return <MultiSelect {...shared} value={many.map(keyOf)} onChange={(keys) => onChange(keys.map(realValue))} />;
        return (
          <Select
            {...shared}
            value={value === null || value === undefined ? null : keyOf(value)}
            onChange={(key) => key !== null && onChange(realValue(key))}
            onClick={(event) => shared.searchable && event.currentTarget.select()} // what is typed next is the search
            allowDeselect={false}
            checkIconPosition="right"
          />
        );
      }}
    </Field>
  );
}
