import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { Card, Group, SegmentedControl, SimpleGrid, Title } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Usage } from "~/api/types";
import { duration } from "~/ui/time";
import { gpuSeconds, groupNames, latencies, OTHERS, outcomes, type Percentile } from "./series";

const GROUP_COLOURS = ["violet.6", "blue.6", "teal.6", "yellow.7", "pink.6", "gray.5"];
const HEIGHT = 240;

interface Props {
  whole: Usage;
  grouped: Usage;
  /** The name of a group. */
  named: (group: string) => string;
}

/** The plots: how jobs ended, where the seconds went, how long it took. */
export default function Plots({ whole, grouped, named }: Props) {
  const { t, i18n } = useTranslation("usage");
  const [percentile, setPercentile] = useState<Percentile>("p50");
  const day = whole.bucket_seconds >= 86_400;
  const format = new Intl.DateTimeFormat(
    i18n.language,
    day ? { month: "numeric", day: "numeric" } : { weekday: "short", hour: "numeric" },
  );
  const label = (at: number) => format.format(at * 1000);
  const groups = groupNames(grouped);
  const shared = {
    h: HEIGHT,
    dataKey: "at",
    withLegend: true,
    tickLine: "none",
    xAxisProps: { minTickGap: 24 },
  } as const;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <Plot title={t("plot.outcomes")}>
        <BarChart
          {...shared}
          data={outcomes(whole, label)}
          yAxisProps={{ allowDecimals: false }}
          type="stacked"
          series={[
            { name: "succeeded", label: t("outcome.succeeded"), color: "teal.6" },
            { name: "failed", label: t("outcome.failed"), color: "red.6" },
            { name: "canceled", label: t("outcome.canceled"), color: "yellow.6" },
            { name: "open", label: t("outcome.open"), color: "gray.5" },
          ]}
        />
      </Plot>
      <Plot title={t("plot.gpu")}>
        <BarChart
          {...shared}
          data={gpuSeconds(grouped, label)}
          type="stacked"
          valueFormatter={duration}
          series={groups.map((name, index) => ({
            name,
            label: name === OTHERS ? t("others") : named(name),
            color: GROUP_COLOURS[index % GROUP_COLOURS.length] ?? "gray.5",
          }))}
        />
      </Plot>
      <Plot
        title={t("plot.latency")}
        wide
        extra={
          <SegmentedControl
            size="xs"
            aria-label={t("percentile")}
            data={(["p50", "p95", "p99"] as const).map((value) => ({ value, label: t(`percentiles.${value}`) }))}
            value={percentile}
            onChange={(value) => setPercentile(value as Percentile)}
          />
        }
      >
        <LineChart
          {...shared}
          data={latencies(whole, percentile, label)}
          connectNulls={false}
          valueFormatter={duration}
          curveType="linear"
          series={[
            { name: "queue", label: t("latency.queue"), color: "gray.6" },
            { name: "cold_start", label: t("latency.coldStart"), color: "yellow.7" },
            { name: "run", label: t("latency.run"), color: "violet.6" },
          ]}
        />
      </Plot>
    </SimpleGrid>
  );
}

interface PlotProps {
  title: string;
  wide?: boolean;
  extra?: ReactNode;
  children: ReactNode;
}

function Plot({ title, wide = false, extra, children }: PlotProps) {
  return (
    <Card withBorder component="figure" m={0} style={wide ? { gridColumn: "1 / -1" } : undefined}>
      <Group justify="space-between" mb="sm" component="figcaption">
        <Title order={2} size="h5">
          {title}
        </Title>
        {extra}
      </Group>
      {children}
    </Card>
  );
}
