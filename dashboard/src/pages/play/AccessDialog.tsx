import { Modal, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { AccessForm } from "./AccessForm";

interface Props {
  name: string;
  opened: boolean;
  onDone: () => void;
  onClose: () => void;
}

/** The way in was closed while somebody was at work: what is in the form stays there meanwhile. */
export function AccessDialog({ name, opened, onDone, onClose }: Props) {
  const { t } = useTranslation("play");
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("access.ended.title")}
      closeButtonProps={{ "aria-label": t("access.later") }}
    >
      <Text mb="md">{t("access.ended.text")}</Text>
      <AccessForm name={name} onDone={onDone} />
    </Modal>
  );
}
