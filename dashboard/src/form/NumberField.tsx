import { Box, Group, NumberInput, Slider } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { DigitsInput } from "./DigitsInput";
import { Field } from "./Field";
import type { FieldProps } from "./fieldProps";
import { type NumberLook, numberLook } from "./numbers";

/** A number: with a slider where its limits are near enough. */
export function NumberField(props: FieldProps) {
  const { input, value, onChange } = props;
  const look = numberLook(input);
  return (
    <Field {...props}>
      {(wiring) => {
        if (look.as === "digits") return <DigitsInput {...props} wiring={wiring} />;
        return (
          <NumberInput
            {...wiring}
            inputContainer={(typed) => (look.as === "slider" ? <Beside {...props} look={look} typed={typed} /> : typed)}
            value={typeof value === "number" || typeof value === "string" ? value : ""}
            onChange={(next) => onChange(next === "" ? null : next)}
            placeholder={input.default === null || input.default === undefined ? undefined : String(input.default)}
            min={input.minimum ?? undefined}
            max={input.maximum ?? undefined}
            step={look.step}
            allowDecimal={input.kind === "number"}
            allowNegative={(input.minimum ?? -1) < 0}
            inputMode={input.kind === "number" ? "decimal" : "numeric"}
            clampBehavior="blur"
          />
        );
      }}
    </Field>
  );
}

interface BesideProps extends FieldProps {
  look: NumberLook;
  typed: React.ReactNode;
}

function Beside({ input, value, disabled, onChange, look, typed }: BesideProps) {
  const { t } = useTranslation("form");
  const minimum = input.minimum ?? 0;
  const number = Number(value ?? input.default ?? minimum);
  return (
    <Group gap="md" wrap="nowrap" align="center">
      <Slider
        flex={1}
        miw={80}
        min={minimum}
        max={input.maximum ?? 100}
        step={look.step}
        value={Number.isFinite(number) ? number : minimum}
        onChange={(next) => onChange(Number(next.toFixed(look.decimals)))}
        disabled={disabled}
        label={null}
        thumbLabel={t("slider", { label: input.label })}
      />
      <Box w={96} style={{ flexShrink: 0 }}>
        {typed}
      </Box>
    </Group>
  );
}
