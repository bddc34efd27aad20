import { Button, Group, Modal, Text } from "@mantine/core";
import { useRef } from "react";
import { useTranslation } from "react-i18next";

/** A question that is asked before something is done. */
export interface Question {
  title: string;
  consequence: string;
  yes: string;
  onYes: () => void;
}

/** One dialog for all the rows of a list; null asks nothing. */
export function ConfirmDialog({ question, onClose }: { question: Question | null; onClose: () => void }) {
  const { t } = useTranslation("jobs");
  const last = useRef(question);
  if (question) last.current = question; // its words stay while the dialog fades out
  const asked = last.current;
  const yes = () => {
    onClose();
    asked?.onYes();
  };
  return (
    <Modal
      opened={question !== null}
      onClose={onClose}
      title={asked?.title}
      centered
      closeButtonProps={{ "aria-label": t("no") }}
    >
      <Text mb="lg">{asked?.consequence}</Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("no")}
        </Button>
        <Button color="red" onClick={yes}>
          {asked?.yes}
        </Button>
      </Group>
    </Modal>
  );
}
