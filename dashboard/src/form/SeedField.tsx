import { ActionIcon, Box, Group, Switch, Tooltip } from "@mantine/core";
import { IconDice5 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { DigitsInput } from "./DigitsInput";
import { isRounded, NEW_SEED, randomWhole, wholeLimit } from "./exact";
import { Field } from "./Field";
import type { FieldProps } from "./fieldProps";

/** A seed: a new one for each run, or one that stays. */
export function SeedField(props: FieldProps) {
  const { input, value, disabled, onChange } = props;
  const { t } = useTranslation("form");
  const isNew = value === NEW_SEED;
  const roll = () => onChange(randomWhole(wholeLimit(input.minimum, "minimum"), wholeLimit(input.maximum, "maximum")));
  const stay = () =>
    typeof input.default === "number" && !isRounded(input.default) ? onChange(input.default) : roll();
  return (
    <Box>
      <Field {...props}>
        {(wiring) => (
          <DigitsInput
            input={input}
            value={value}
            wiring={{ ...wiring, required: false }}
            placeholder={isNew ? t("seed.random") : undefined}
            onChange={(next) => onChange(next ?? NEW_SEED)}
            inputContainer={(typed) => (
              <Group gap="xs" wrap="nowrap">
                <Box flex={1} miw={0}>
                  {typed}
                </Box>
                <Tooltip label={t("seed.roll")}>
                  <ActionIcon
                    variant="default"
                    size={36}
                    onClick={roll}
                    disabled={disabled}
                    aria-label={t("seed.roll")}
                  >
                    <IconDice5 size={20} aria-hidden />
                  </ActionIcon>
                </Tooltip>
              </Group>
            )}
          />
        )}
      </Field>
      <Switch
        mt="xs"
        size="sm"
        label={t("seed.each")}
        checked={isNew}
        disabled={disabled}
        onChange={(event) => (event.currentTarget.checked ? onChange(NEW_SEED) : stay())}
      />
    </Box>
  );
}
