import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconExternalLink, IconPlayerStop, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { allows, type JobAction } from "~/jobs/outcome";

interface Props {
  job: Job;
  onAct: (action: JobAction, jobs: Job[]) => void;
}

/** What can be done with one job. The menu itself is made when it is first wanted: a list has many. */
export function JobMenu({ job, onAct }: Props) {
  const { t } = useTranslation("jobs");
  const [opened, setOpened] = useState(false);
  const [used, setUsed] = useState(false);
  const label = t("menu", { deployment: job.deployment });
  const open = () => {
    setUsed(true);
    setOpened(true);
  };
  if (!used) {
    return (
      <ActionIcon variant="subtle" color="gray" aria-label={label} aria-haspopup="menu" onClick={open}>
        <IconDots size={16} aria-hidden />
      </ActionIcon>
    );
  }
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={label}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          component="a"
          href={`/jobs/${encodeURIComponent(job.prompt_id)}`}
          target="_blank"
          leftSection={<IconExternalLink size={16} aria-hidden />}
        >
          {t("openInTab")}
        </Menu.Item>
        {allows(job, "retry") && (
          <Menu.Item leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => onAct("retry", [job])}>
            {t("action.retry")}
          </Menu.Item>
        )}
        {allows(job, "cancel") && (
          <Menu.Item leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={() => onAct("cancel", [job])}>
            {t("action.cancel")}
          </Menu.Item>
        )}
        {allows(job, "remove") && (
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={() => onAct("remove", [job])}
          >
            {t("action.remove")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
