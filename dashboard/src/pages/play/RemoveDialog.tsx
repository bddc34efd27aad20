import { Button, Group, Modal, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { usePlay } from "./PlayContext";

interface Props {
  job: Job;
  opened: boolean;
  onClose: () => void;
}

/** Asks before a job and its files are deleted. */
export function RemoveDialog({ job, opened, onClose }: Props) {
  const { t } = useTranslation(["play", "common"]);
  const { remove } = usePlay();
  const confirm = () => {
    onClose();
    remove(job);
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("remove.title")}
      centered
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Text mb="lg">{t("remove.text")}</Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("common:cancel")}
        </Button>
        <Button color="red" onClick={confirm}>
          {t("remove.button")}
        </Button>
      </Group>
    </Modal>
  );
}
