import { ActionIcon, Group, Menu, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBraces, IconDotsVertical, IconFileText, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { usePlay } from "./PlayContext";
import { RemoveDialog } from "./RemoveDialog";

/** What can be done with a job that has ended. */
export function JobButtons({ job }: { job: Job }) {
  const { t } = useTranslation("play");
  const { again, copyParams, showLog } = usePlay();
  const [asking, ask] = useDisclosure(false);
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label={t("again.button")}>
        <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => again(job)} aria-label={t("again.button")}>
          <IconRefresh size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t("params.copy")}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          onClick={() => copyParams(job)}
          aria-label={t("params.copy")}
        >
          <IconBraces size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("jobMenu")}>
            <IconDotsVertical size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconFileText size={16} aria-hidden />} onClick={() => showLog(job)}>
            {t("log.button")}
          </Menu.Item>
          <Menu.Item leftSection={<IconTrash size={16} aria-hidden />} onClick={ask.open}>
            {t("remove.button")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RemoveDialog job={job} opened={asking} onClose={ask.close} />
    </Group>
  );
}
