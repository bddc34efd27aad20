import { Alert, Group, Stack, TextInput } from "@mantine/core";
import { IconEyeOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { CopyButton } from "~/ui/CopyButton";

/** Secrets that are shown this one time, each with its name, to be copied. */
export function ShownOnce({ values }: { values: [name: string, value: string][] }) {
  const { t } = useTranslation("share");
  return (
    <Stack gap="sm">
      <Alert color="yellow" icon={<IconEyeOff aria-hidden />} title={t("once")} />
      {values.map(([name, value]) => (
        <Group key={name} align="flex-end" gap="xs" wrap="nowrap">
          <TextInput
            label={name}
            value={value}
            readOnly
            onFocus={(event) => event.currentTarget.select()}
            style={{ flex: 1 }}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          />
          <CopyButton value={value} what={name} />
        </Group>
      ))}
    </Stack>
  );
}
