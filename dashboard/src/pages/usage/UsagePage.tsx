import { Button, Group, SegmentedControl, Select } from "@mantine/core";
import { IconChartBar, IconDownload } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useSearch } from "wouter";
import { useBrowserLocation } from "wouter/use-browser-location";
import { api, must } from "~/api/client";
import { useKeyNames } from "~/jobs/useKeyNames";
import { EmptyState } from "~/ui/EmptyState";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Page } from "~/ui/Page";
import { readQuery, type UsageQuery, windowOf, writeQuery } from "./query";
import { Totals } from "./Totals";
import { ErrorTable, GroupTable } from "./UsageTables";

const Plots = lazy(() => import("./Plots"));

/** What the jobs come to over time: how many, how they ended, how long they took, and for whom. */
export default function UsagePage() {
  const { t } = useTranslation("usage");
  const query = readQuery(useSearch());
  const [, go] = useBrowserLocation();
  const change = (changes: Partial<UsageQuery>) =>
    go(`/usage?${writeQuery({ ...query, ...changes })}`, { replace: true });
  const filter = { ...windowOf(query.days), ...(query.deployment ? { deployment: query.deployment } : {}) };
  const deployments = useQuery({
    queryKey: ["deployments"],
    queryFn: async () => must(await api.GET("/api/deployments")),
  });
  const whole = useUsage({ ...filter, by: "none" });
  const grouped = useUsage({ ...filter, by: query.by });
  const { nameOf } = useKeyNames();
  const named = (group: string) => (group && query.by === "key" ? nameOf(group) : group || t("all"));
  const csv = `/api/usage.csv?${new URLSearchParams(Object.entries({ ...filter, by: query.by }).map(([name, value]) => [name, String(value)]))}`;
  return (
    <Page
      title={t("title")}
      actions={
        <Button
          component="a"
          href={csv}
          download
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t("csv")}
        </Button>
      }
    >
      <Group>
        <SegmentedControl
          aria-label={t("period")}
          data={([1, 7, 30] as const).map((days) => ({ value: String(days), label: t("days", { count: days }) }))}
          value={String(query.days)}
          onChange={(days) => change({ days: Number(days) as UsageQuery["days"] })}
        />
        <SegmentedControl
          aria-label={t("by.label")}
          data={(["deployment", "key"] as const).map((by) => ({ value: by, label: t(`by.${by}`) }))}
          value={query.by}
          onChange={(by) => change({ by: by as UsageQuery["by"] })}
        />
        <Select
          aria-label={t("deployment")}
          placeholder={t("allDeployments")}
          data={(deployments.data ?? []).map((one) => one.name)}
          value={query.deployment}
          onChange={(deployment) => change({ deployment })}
          searchable
          clearable
          clearButtonProps={{ "aria-label": t("clear") }}
        />
      </Group>
      {whole.isPending && <Loading />}
      {whole.isError && <ErrorNote error={whole.error} onRetry={() => whole.refetch()} />}
      {whole.data && whole.data.all.jobs === 0 && (
        <EmptyState icon={IconChartBar} title={t("empty.title")}>
          {t("empty.what")}
        </EmptyState>
      )}
      {whole.data && whole.data.all.jobs > 0 && (
        <>
          <Totals figures={whole.data.all} />
          {grouped.data && (
            <>
              <Suspense fallback={<Loading />}>
                <Plots whole={whole.data} grouped={grouped.data} named={named} />
              </Suspense>
              <GroupTable groups={grouped.data.groups} named={named} heading={t(query.by)} />
            </>
          )}
          <ErrorTable errors={whole.data.errors} />
        </>
      )}
    </Page>
  );
}

interface Asked {
  since: number;
  until: number;
  by: "none" | "deployment" | "key";
  deployment?: string;
}

function useUsage(query: Asked) {
  return useQuery({
    queryKey: ["usage", query],
    queryFn: async () => must(await api.GET("/api/usage", { params: { query } })),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}
