import { Drawer, Text } from "@mantine/core";
import { useViewportSize } from "@mantine/hooks";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { useJobNews } from "~/events/useJobNews";
import { Loading } from "~/ui/Loading";

const LogView = lazy(() => import("~/logs/LogView").then((module) => ({ default: module.LogView })));

/** The log of a job, live while it runs. */
export function LogDrawer({ job, onClose }: { job: Job | null; onClose: () => void }) {
  const { t } = useTranslation("play");
  return (
    <Drawer
      opened={job !== null}
      onClose={onClose}
      position="bottom"
      size="min(80dvh, 34rem)"
      title={t("log.title")}
      closeButtonProps={{ "aria-label": t("log.close") }}
    >
      {job && <Log job={job} />}
    </Drawer>
  );
}

function Log({ job }: { job: Job }) {
  const { height } = useViewportSize();
  const { lines } = useJobNews(job.prompt_id);
  return (
    <>
      <Text size="xs" c="dimmed" mb="xs" className="break">
        {job.prompt_id}
      </Text>
      <Suspense fallback={<Loading />}>
        <LogView lines={lines} height={Math.max(160, Math.min(height * 0.8, 544) - 190)} />
      </Suspense>
    </>
  );
}
