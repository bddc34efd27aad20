import { ColorSwatch, Group, Paper, Progress, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Usage } from "~/api/types";
import { duration } from "~/ui/time";
import { barsOf, PARTS, type Part, type Slice } from "./latency";

const COLOURS: Record<Part, string> = { queue: "gray.5", cold_start: "cyan.6", run: "violet.6" };
const QUANTILES = ["p50", "p95"] as const;

/** Where the time goes: waiting, starting ComfyUI, running; of the typical and of the slow job. */
export function Latencies({ figures }: { figures: Usage["all"] }) {
  const { t } = useTranslation("deployment");
  const bars = barsOf(figures);
  if (!bars) return <Text c="dimmed">{t("latency.none")}</Text>;
  return (
    <Paper withBorder p="md">
      <Stack gap="md">
        {QUANTILES.map((quantile) => (
          <div key={quantile}>
            <Group justify="space-between" mb={4} gap="xs">
              <Text size="sm">{t(`latency.${quantile}`)}</Text>
              {figures.total && (
                <Text size="sm" fw={650}>
                  {duration(figures.total[quantile])}
                </Text>
              )}
            </Group>
            <Bar slices={bars[quantile]} />
          </div>
        ))}
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("latency.part")}</Table.Th>
              {QUANTILES.map((quantile) => (
                <Table.Th key={quantile} ta="right">
                  {t(`latency.short.${quantile}`)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...PARTS, "total" as const].map((part) => (
              <Table.Tr key={part}>
                <Table.Td>
                  <Group gap={8} wrap="nowrap">
                    {part !== "total" && <Swatch part={part} />}
                    <span>
                      {t(`latency.parts.${part}`)}
                      {part === "cold_start" && figures.cold_starts > 0 && (
                        <Text span size="xs" c="dimmed">
                          {" "}
                          {t("latency.of", { count: figures.cold_starts })}
                        </Text>
                      )}
                    </span>
                  </Group>
                </Table.Td>
                {QUANTILES.map((quantile) => (
                  <Table.Td key={quantile} ta="right" style={{ fontVariantNumeric: "tabular-nums" }}>
                    {figures[part] ? duration(figures[part][quantile]) : "–"}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Paper>
  );
}

/** The table below says the same in figures. */
function Bar({ slices }: { slices: Slice[] }) {
  return (
    <Progress.Root size="lg" aria-hidden>
      {slices.map(({ part, percent }) => (
        <Progress.Section key={part} value={percent} color={COLOURS[part]} withAria={false} />
      ))}
    </Progress.Root>
  );
}

function Swatch({ part }: { part: Part }) {
  return (
    <ColorSwatch
      color={`var(--mantine-color-${COLOURS[part].replace(".", "-")})`}
      size={12}
      withShadow={false}
      aria-hidden
    />
  );
}
