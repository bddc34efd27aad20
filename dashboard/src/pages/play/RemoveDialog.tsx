import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { AskDialog } from "~/ui/AskDialog";
import { usePlay } from "./PlayContext";

interface Props {
  job: Job;
  opened: boolean;
  onClose: () => void;
}

/** Asks before a job and its files are deleted. */
export function RemoveDialog({ job, opened, onClose }: Props) {
  const { t } = useTranslation("play");
  const { remove } = usePlay();
  const confirm = () => {
    onClose();
    remove(job);
  };
  return (
    <AskDialog opened={opened} title={t("remove.title")} yes={t("remove.button")} onYes={confirm} onClose={onClose}>
      {t("remove.text")}
    </AskDialog>
  );
}
