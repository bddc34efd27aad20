import { Code, Group, Stack, Text } from "@mantine/core";
import { Trans, useTranslation } from "react-i18next";
import { CopyButton } from "~/ui/CopyButton";
import type { ReportProblem } from "./problemGroups";

const SHOWN = 3;

/** The packs of custom nodes that bring a missing class, each with the command that adds it. */
export function Packs({ packs }: Pick<ReportProblem, "packs">) {
  const { t } = useTranslation("deploy");
  return (
    <Stack gap={4} mt={4}>
      <Text size="sm" c="dimmed">
        {t("report.packs", { count: packs.length })}
      </Text>
      {packs.slice(0, SHOWN).map(({ name, url }) => {
        const command = `viewcomfy nodes add ${url}`;
        return (
          <Group key={url} gap={6} wrap="nowrap">
            <Text size="sm" className="break">
              <Trans t={t} i18nKey="report.pack" values={{ name, command }} components={{ code: <Code /> }} />
            </Text>
            <CopyButton value={command} what={command} />
          </Group>
        );
      })}
    </Stack>
  );
}
