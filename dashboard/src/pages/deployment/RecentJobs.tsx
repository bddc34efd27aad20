import { Anchor, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { api, must } from "~/api/client";
import type { Job } from "~/api/types";
import { Ago } from "~/ui/Ago";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Scroll } from "~/ui/Scroll";
import { StatusBadge } from "~/ui/StatusBadge";
import { duration } from "~/ui/time";

const LIMIT = 10;

/** Its last jobs, as they are now. */
export function RecentJobs({ name }: { name: string }) {
  const { t } = useTranslation("deployment");
  const query = { deployment: name, limit: LIMIT };
  const jobs = useQuery({
    queryKey: ["jobs", query],
    queryFn: async () => must(await api.GET("/api/jobs", { params: { query } })).jobs,
    refetchInterval: ({ state }) => (state.data?.some(isActive) ? 1_000 : 4_000),
  });
  return (
    <Stack component="section" gap="sm">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t("jobs.title")}
        </Title>
        <Anchor component={Link} href={`/jobs?deployment=${encodeURIComponent(name)}`} size="sm">
          {t("jobs.all")}
        </Anchor>
      </Group>
      {jobs.isPending && <Loading />}
      {jobs.isError && <ErrorNote error={jobs.error} onRetry={() => jobs.refetch()} />}
      {jobs.data?.length === 0 && <Text c="dimmed">{t("jobs.none")}</Text>}
      {jobs.data && jobs.data.length > 0 && <Lines jobs={jobs.data} />}
    </Stack>
  );
}

function Lines({ jobs }: { jobs: Job[] }) {
  const { t } = useTranslation("deployment");
  return (
    <Scroll label={t("jobs.title")}>
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("jobs.job")}</Table.Th>
            <Table.Th>{t("jobs.status")}</Table.Th>
            <Table.Th visibleFrom="sm">{t("jobs.version")}</Table.Th>
            <Table.Th>{t("jobs.created")}</Table.Th>
            <Table.Th ta="right">{t("jobs.run")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {jobs.map((job) => (
            <Table.Tr key={job.prompt_id}>
              <Table.Td>
                <Anchor component={Link} href={`/jobs/${job.prompt_id}`} ff="monospace" size="sm">
                  {job.prompt_id.slice(0, 8)}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={job.status} />
                {job.error && (
                  <Text size="xs" c="dimmed" className="break" lineClamp={2} maw={320}>
                    {job.error.message}
                  </Text>
                )}
              </Table.Td>
              <Table.Td visibleFrom="sm">{job.version}</Table.Td>
              <Table.Td>
                <Ago at={job.created_at} />
              </Table.Td>
              <Table.Td ta="right" style={{ fontVariantNumeric: "tabular-nums" }}>
                {job.execution_time_seconds === null ? "–" : duration(job.execution_time_seconds)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

function isActive(job: Job): boolean {
  return job.status === "queued" || job.status === "running";
}
