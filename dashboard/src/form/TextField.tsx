import { ColorInput, Textarea, TextInput } from "@mantine/core";
import { Field } from "./Field";
import type { FieldProps } from "./fieldProps";

const COLOUR = /^#[\da-f]{6}$/i;

/** Text: one line, several, or a colour where the default is one. */
export function TextField(props: FieldProps) {
  const { input, value, onChange } = props;
  const text = value === null || value === undefined ? "" : String(value);
  return (
    <Field {...props}>
      {(wiring) => {
        const shared = { ...wiring, value: text };
        if (input.multiline)
          return (
            <Textarea
              {...shared}
              onChange={(event) => onChange(event.currentTarget.value)}
              autosize
              minRows={3}
              maxRows={14}
            />
          );
        if (COLOUR.test(String(input.default)))
          return <ColorInput {...shared} onChange={onChange} fixOnBlur={false} withEyeDropper={false} />;
        return <TextInput {...shared} onChange={(event) => onChange(event.currentTarget.value)} />;
      }}
    </Field>
  );
}
