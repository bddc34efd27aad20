import { Switch } from "@mantine/core";
import { FieldGroup } from "./Field";
import type { FieldProps } from "./fieldProps";

/** On or off. */
export function ToggleField(props: FieldProps) {
  return (
    <FieldGroup {...props}>
      {({ id, describedBy }) => (
        <Switch
          id={id}
          aria-describedby={describedBy}
          disabled={props.disabled}
          checked={Boolean(props.value)}
          onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
      )}
    </FieldGroup>
  );
}
