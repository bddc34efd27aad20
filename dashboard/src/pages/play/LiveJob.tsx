import { Button, Group, Loader, Progress, Stack, Text } from "@mantine/core";
import { IconFileText, IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Job, JobDetail } from "~/api/types";
import { type JobNews, useJobNews } from "~/events/useJobNews";
import { StatusBadge } from "~/ui/StatusBadge";
import { Elapsed } from "./Elapsed";
import { JobAbout } from "./JobAbout";
import { type LiveState, liveState } from "./liveState";
import { usePlay } from "./PlayContext";
import classes from "./Results.module.css";
import { useRefetchAtEnd } from "./useRefetchAtEnd";

interface Props {
  job: Job;
  detail: JobDetail | undefined;
  streamed: boolean;
}

/** A job that waits or runs: its place in the queue, then what it does, with previews. */
export function LiveJob({ job, detail, streamed }: Props) {
  const { t } = useTranslation("play");
  const { cancel, showLog } = usePlay();
  const [canceling, setCanceling] = useState(false);
  const onEnd = useRefetchAtEnd(job.prompt_id);
  const news = useJobNews(streamed ? job.prompt_id : null, { onEnd });
  const live = liveState(job, news);
  const stop = () => {
    setCanceling(true);
    setTimeout(() => setCanceling(false), 5_000);
    cancel(job);
  };
  return (
    <Stack gap="xs">
      <Group justify="space-between" wrap="nowrap">
        <StatusBadge status={live.status} />
        <Elapsed since={live.status === "running" ? (job.started_at ?? job.created_at) : job.created_at} />
      </Group>
      {news.preview ? (
        <img src={news.preview} alt={t("live.preview")} className={classes.preview} />
      ) : (
        <div className={classes.waiting}>
          <Stack gap="xs" align="center" maw="100%">
            <Loader size="sm" aria-hidden />
            <Text size="sm">{t(`live.${live.waitingFor}`, { count: live.before })}</Text>
            <Text size="xs" c="dimmed" className="break" lineClamp={2}>
              {live.line}
            </Text>
          </Stack>
        </div>
      )}
      {live.status === "running" && <Steps live={live} news={news} />}
      <JobAbout detail={detail} />
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlayerStop size={14} aria-hidden />}
          onClick={stop}
          loading={canceling}
        >
          {t("live.cancel")}
        </Button>
        <Button
          size="xs"
          variant="subtle"
          color="gray"
          leftSection={<IconFileText size={14} aria-hidden />}
          onClick={() => showLog(job)}
        >
          {t("log.button")}
        </Button>
      </Group>
    </Stack>
  );
}

/** How far it is, and which node runs. */
function Steps({ live, news }: { live: LiveState; news: JobNews }) {
  const { t } = useTranslation("play");
  const percent = live.fraction === null ? null : Math.round(live.fraction * 100);
  return (
    <>
      <Progress value={percent ?? 0} aria-label={t("live.progress")} animated transitionDuration={200} />
      <Group justify="space-between" wrap="nowrap" gap="xs" mih={20}>
        <Text size="xs" c="dimmed" className="clip" title={live.node}>
          {news.connected ? live.node : t("live.reconnecting")}
        </Text>
        <Text size="xs" c="dimmed" className={classes.figures}>
          {percent !== null && `${percent} %`}
          {news.total > 0 && ` · ${t("live.nodes", { done: news.done, total: news.total })}`}
        </Text>
      </Group>
    </>
  );
}
