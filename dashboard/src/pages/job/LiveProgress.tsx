import { Alert, Group, Image, Paper, Progress, Stack, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import type { JobNews } from "~/events/jobNews";

/** How far a job is that is under way: its place in the queue, or the node that runs, with the newest preview. */
export function LiveProgress({ job, news }: { job: Job; news: JobNews }) {
  const { t } = useTranslation("job");
  const percent = Math.round((news.fraction ?? 0) * 100);
  const { node } = news;
  const running = job.status === "running";
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
          <Text fw={600} className="break" role="status">
            {running ? (node?.title ?? t("live.starting")) : queued(job, t)}
          </Text>
          {running && news.total > 0 && (
            <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
              {t("live.nodes", { done: news.done, total: news.total })}
            </Text>
          )}
        </Group>
        <Progress.Root size="lg">
          <Progress.Section
            value={running && news.fraction === null ? 100 : percent}
            animated={running}
            striped={running && news.fraction === null}
            aria-label={t("live.progress")}
          />
        </Progress.Root>
        {running && node && node.max > 1 && (
          <Text size="sm" c="dimmed">
            {t("live.step", { value: node.value, max: node.max })}
          </Text>
        )}
        {news.preview && (
          <Image src={news.preview} alt={t("live.preview")} fit="contain" mah={320} w="auto" radius="sm" mx="auto" />
        )}
        {!news.connected && (
          <Alert color="yellow" icon={<IconPlugConnectedX aria-hidden />} role="status" py="xs">
            {t("live.disconnected")}
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}

function queued(job: Job, t: ReturnType<typeof useTranslation<"job">>["t"]): string {
  if (job.position === null || job.position === undefined) return t("live.queued");
  return job.position ? t("live.before", { count: job.position }) : t("live.next");
}
