import { Alert, Group, Stack, Text } from "@mantine/core";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Job, JobDetail } from "~/api/types";
import { Ago } from "~/ui/Ago";
import { StatusBadge } from "~/ui/StatusBadge";
import { duration } from "~/ui/time";
import { JobAbout } from "./JobAbout";
import { JobButtons } from "./JobButtons";
import { JobOutputs } from "./JobOutputs";

interface Props {
  job: Job;
  detail: JobDetail | undefined;
  /** Fetch it anew, with fresh links. */
  refresh: () => void;
}

/** A job that has ended: what it made, or why it did not. */
export function FinishedJob({ job, detail, refresh }: Props) {
  const { t } = useTranslation("play");
  const tried = useRef(false);
  const latest = newestLinks(job, detail);
  const gone = () => {
    if (!tried.current) refresh();
    tried.current = true;
  };
  return (
    <Stack gap="xs">
      {latest.outputs?.length ? <JobOutputs job={latest} onGone={gone} /> : null}
      {job.status === "failed" && <Failure job={job} />}
      {job.status === "succeeded" && !latest.outputs?.length && (
        <Text size="sm" c="dimmed">
          {t("noOutputs")}
        </Text>
      )}
      <JobAbout detail={detail} />
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Group gap="xs" wrap="nowrap" miw={0}>
          {job.status !== "succeeded" && <StatusBadge status={job.status} />}
          <Text size="xs" c="dimmed" className="clip">
            <Ago at={job.finished_at ?? job.created_at} />
            {job.execution_time_seconds != null && ` · ${duration(job.execution_time_seconds)}`}
          </Text>
        </Group>
        <JobButtons job={job} />
      </Group>
    </Stack>
  );
}

function Failure({ job }: { job: Job }) {
  const { t } = useTranslation("play");
  const node = job.error?.details?.node_type ?? job.error?.details?.node_id;
  return (
    <Alert color="red" p="sm" title={t("failed.title")}>
      <Text size="sm" className="break" lineClamp={8}>
        {job.error?.message ?? t("failed.unknown")}
      </Text>
      {typeof node === "string" && !job.error?.message.includes(node) && (
        <Text size="xs" mt={4} className="break">
          {t("failed.node", { node })}
        </Text>
      )}
    </Alert>
  );
}

/** Links expire: the ones that were fetched last work longest. */
function newestLinks(job: Job, detail: JobDetail | undefined): Job {
  const expiry = (one: Job | undefined) => one?.outputs?.[0]?.expires_at ?? 0;
  return detail && expiry(detail) > expiry(job) ? { ...job, outputs: detail.outputs } : job;
}
