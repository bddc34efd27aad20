import { Button, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconChevronDown,
  IconDownload,
  IconExternalLink,
  IconPlayerStop,
  IconRefresh,
  IconSparkles,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import type { Job } from "~/api/types";
import { ConfirmDialog, type Question } from "~/jobs/ConfirmDialog";
import { jobHref } from "~/jobs/jobHref";
import { allows, type JobAction } from "~/jobs/outcome";
import { useJobActions } from "~/jobs/useJobActions";
import { failed } from "~/ui/notify";
import { ComfyDialog } from "./ComfyDialog";
import { downloadWorkflow } from "./rawWorkflow";

/** What can be done with the job. */
export function JobActions({ job }: { job: Job }) {
  const { t } = useTranslation(["job", "jobs"]);
  const [, go] = useLocation();
  const [question, setQuestion] = useState<Question | null>(null);
  const [busy, setBusy] = useState(false);
  const [comfy, { open: openComfy, close: closeComfy }] = useDisclosure(false);
  const act = useJobActions();
  const run = async (action: JobAction) => {
    setBusy(true);
    const { done, made } = await act(action, [job.prompt_id]).finally(() => setBusy(false));
    if (made[0]) go(jobHref(made[0]));
    if (action === "remove" && done.length) go("/jobs");
  };
  const ask = (action: JobAction) =>
    setQuestion({
      title: t(`jobs:ask.${action}`, { count: 1 }),
      consequence: t(`jobs:means.${action}`, { count: 1 }),
      yes: t(`jobs:action.${action}`),
      onYes: () => void run(action),
    });
  const download = () => void downloadWorkflow(job.prompt_id, job.deployment).catch(failed);
  return (
    <>
      {allows(job, "cancel") ? (
        <Button
          variant="default"
          loading={busy}
          leftSection={<IconPlayerStop size={16} aria-hidden />}
          onClick={() => ask("cancel")}
        >
          {t("jobs:action.cancel")}
        </Button>
      ) : (
        <Button loading={busy} leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => void run("retry")}>
          {t("jobs:action.retry")}
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={16} aria-hidden />}>
            {t("more")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            href={`/play/${encodeURIComponent(job.deployment)}?job=${encodeURIComponent(job.prompt_id)}`}
            leftSection={<IconSparkles size={16} aria-hidden />}
          >
            {t("toPlayground")}
          </Menu.Item>
          <Menu.Item leftSection={<IconExternalLink size={16} aria-hidden />} onClick={openComfy}>
            {t("comfy.title")}
          </Menu.Item>
          <Menu.Item leftSection={<IconDownload size={16} aria-hidden />} onClick={download}>
            {t("comfy.download")}
          </Menu.Item>
          {allows(job, "remove") && (
            <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => ask("remove")}>
              {t("jobs:action.remove")}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <ConfirmDialog question={question} onClose={() => setQuestion(null)} />
      <ComfyDialog job={job} opened={comfy} onClose={closeComfy} onDownload={download} />
    </>
  );
}
