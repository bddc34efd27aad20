import { Anchor, Code, Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Usage } from "~/api/types";
import { percent } from "~/ui/percent";
import { duration } from "~/ui/time";
import { successRate } from "~/usage/successRate";

const TIMES = ["queue", "cold_start", "run"] as const;

/** The figures of each deployment or key. */
export function GroupTable({
  groups,
  named,
  heading,
}: {
  groups: Usage["groups"];
  named: (group: string) => string;
  heading: string;
}) {
  const { t, i18n } = useTranslation("usage");
  const success = (group: Usage["all"]) => {
    const rate = successRate(group);
    return rate === null ? "–" : percent(rate, i18n.language);
  };
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table verticalSpacing="xs">
        <Table.Thead style={{ whiteSpace: "nowrap" }}>
          <Table.Tr>
            <Table.Th>{heading}</Table.Th>
            <Table.Th ta="right">{t("figure.jobs")}</Table.Th>
            <Table.Th ta="right">{t("figure.success")}</Table.Th>
            <Table.Th ta="right">{t("figure.gpu")}</Table.Th>
            {TIMES.map((time) => (
              <Table.Th key={time} ta="right">
                {t(`time.${time}`)}
                <Text size="xs" c="dimmed">
                  {t("medianAnd95")}
                </Text>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.map((group) => (
            <Table.Tr key={group.group}>
              <Table.Td className="break" maw={280}>
                {named(group.group)}
              </Table.Td>
              <Table.Td ta="right">{group.jobs.toLocaleString(i18n.language)}</Table.Td>
              <Table.Td ta="right">{success(group)}</Table.Td>
              <Table.Td ta="right">{duration(group.gpu_seconds)}</Table.Td>
              {TIMES.map((time) => (
                <Table.Td key={time} ta="right">
                  {group[time] ? `${duration(group[time].p50)} · ${duration(group[time].p95)}` : "–"}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Why jobs failed, the most frequent reason first. */
export function ErrorTable({ errors }: { errors: Usage["errors"] }) {
  const { t } = useTranslation("usage");
  if (!errors.length) return null;
  return (
    <section>
      <Title order={2} size="h5" mb="xs">
        {t("errors")}
      </Title>
      <Table verticalSpacing="xs" maw={520}>
        <Table.Tbody>
          {errors.map((error) => (
            <Table.Tr key={error.code}>
              <Table.Td>
                <Code>{error.code}</Code>
              </Table.Td>
              <Table.Td ta="right">
                <Anchor component={Link} href="/jobs?status=failed">
                  {t("errorJobs", { count: error.jobs })}
                </Anchor>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
