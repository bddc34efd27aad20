import { Badge, Button, Code, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Change } from "~/api/types";

/** The codes that have words of their own; a newer server may send others. */
const KNOWN = [
  "input_removed",
  "required_input_added",
  "input_added",
  "name_changed",
  "key_changed",
  "kind_changed",
  "range_narrowed",
  "range_widened",
  "choices_lifted",
  "choice_removed",
  "choice_added",
  "became_required",
  "no_longer_required",
  "became_locked",
  "no_longer_locked",
  "visibility_changed",
  "default_changed",
  "label_changed",
  "description_changed",
] as const;
type Known = (typeof KNOWN)[number];
const isKnown = (code: string): code is Known => (KNOWN as readonly string[]).includes(code);
const SHOWN = 12;

/** What changes for callers between two versions; what breaks their calls comes first, in red. */
export function ChangeList({ changes }: { changes: Change[] }) {
  const { t } = useTranslation("deploy");
  const [all, setAll] = useState(false);
  const shown = all ? changes : changes.slice(0, SHOWN);
  return (
    <Stack gap="xs">
      <Stack component="ul" gap="xs" m={0} p={0} style={{ listStyle: "none" }}>
        {shown.map((change) => (
          <li key={`${change.code} ${change.input}`}>
            <Group gap={6}>
              <Badge color={change.breaking ? "red" : "gray"} variant="light" autoContrast>
                {change.breaking ? t("changes.breaking") : t("changes.compatible")}
              </Badge>
              <Text size="sm" fw={600} c={change.breaking ? "var(--mantine-color-error)" : undefined}>
                {isKnown(change.code) ? t(`changes.codes.${change.code}`) : change.code}
              </Text>
              <Code className="break">{change.input}</Code>
            </Group>
            <Text size="sm" c="dimmed" className="break" lang="en">
              {change.message}
            </Text>
          </li>
        ))}
      </Stack>
      {changes.length > SHOWN && (
        <div>
          <Button size="xs" variant="default" onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? t("report.fewer") : t("changes.more", { count: changes.length - SHOWN })}
          </Button>
        </div>
      )}
    </Stack>
  );
}
