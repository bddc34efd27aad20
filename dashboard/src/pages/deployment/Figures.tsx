import { Anchor, Group, Paper, SegmentedControl, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { api, must } from "~/api/client";
import type { Usage } from "~/api/types";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { percent } from "~/ui/percent";
import { duration } from "~/ui/time";
import { successRate } from "~/usage/successRate";
import { Latencies } from "./Latencies";
import { useTab } from "./useTab";

const DAYS = ["1", "7", "30"] as const;

/** How many jobs there were, how they ended and how long they took. */
export function Figures({ name }: { name: string }) {
  const { t } = useTranslation("deployment");
  const [days, setDays] = useTab("days", DAYS);
  const last = Number(days) * 86_400;
  const usage = useQuery({
    queryKey: ["usage", { deployment: name, last }],
    queryFn: async () => {
      const query = { deployment: name, since: Date.now() / 1000 - last };
      return must(await api.GET("/api/usage", { params: { query } }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
  return (
    <Stack component="section" gap="sm">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t("figures.title")}
        </Title>
        <Group gap="md">
          <SegmentedControl
            size="xs"
            aria-label={t("figures.period")}
            value={days}
            onChange={setDays}
            data={DAYS.map((value) => ({ value, label: t(`figures.days.${value}`) }))}
          />
          <Anchor component={Link} href={`/usage?deployment=${encodeURIComponent(name)}`} size="sm">
            {t("figures.more")}
          </Anchor>
        </Group>
      </Group>
      {usage.isPending && <Loading />}
      {usage.isError && <ErrorNote error={usage.error} onRetry={() => usage.refetch()} />}
      {usage.data && <Shown figures={usage.data.all} />}
    </Stack>
  );
}

function Shown({ figures }: { figures: Usage["all"] }) {
  const { t, i18n } = useTranslation("deployment");
  const rate = successRate(figures);
  const count = (value: number) => new Intl.NumberFormat(i18n.language).format(value);
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
        <Fact label={t("figures.jobs")} value={count(figures.jobs)} />
        <Fact label={t("figures.success")} value={rate === null ? "–" : percent(rate, i18n.language)} />
        <Fact label={t("figures.failed")} value={count(figures.failed)} />
        <Fact label={t("figures.total")} value={figures.total ? duration(figures.total.p50) : "–"} />
      </SimpleGrid>
      <Latencies figures={figures} />
    </>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <Paper withBorder p="sm">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text size="xl" fw={650}>
        {value}
      </Text>
    </Paper>
  );
}
