import { Card, SimpleGrid, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { percent } from "~/ui/percent";
import { duration } from "~/ui/time";
import { successRate } from "~/usage/successRate";
import type { Figures } from "./series";

/** The figures of the whole period, large. */
export function Totals({ figures }: { figures: Figures }) {
  const { t, i18n } = useTranslation("usage");
  const rate = successRate(figures);
  const number = (value: number) => value.toLocaleString(i18n.language);
  const totals: [string, string][] = [
    [t("figure.jobs"), number(figures.jobs)],
    [t("figure.success"), rate === null ? "–" : percent(rate, i18n.language)],
    [t("figure.failed"), number(figures.failed)],
    [t("figure.gpu"), duration(figures.gpu_seconds)],
    [t("figure.median"), figures.total ? duration(figures.total.p50) : "–"],
    [t("figure.coldStarts"), number(figures.cold_starts)],
  ];
  return (
    <SimpleGrid component="dl" cols={{ base: 2, sm: 3, xl: 6 }} m={0}>
      {totals.map(([name, value]) => (
        <Card key={name} withBorder padding="sm">
          <Text component="dt" size="sm" c="dimmed">
            {name}
          </Text>
          <Text component="dd" m={0} fz={24} fw={650}>
            {value}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}
