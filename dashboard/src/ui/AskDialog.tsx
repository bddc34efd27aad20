import { Button, Group, Modal, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  opened: boolean;
  /** The question, a sentence. */
  title: ReactNode;
  /** What it means to say yes. */
  children: ReactNode;
  yes: ReactNode;
  /** "Cancel" where nothing else is said. */
  no?: string;
  /** What the cross in the corner is called. */
  closeLabel?: string;
  onYes: () => void;
  onClose: () => void;
}

/** Asks before something is done that can't be undone; whoever opens it closes it. */
export function AskDialog({ opened, title, children, yes, no, closeLabel, onYes, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      centered
      closeButtonProps={{ "aria-label": closeLabel ?? t("close") }}
    >
      <Text mb="lg" component="div">
        {children}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {no ?? t("cancel")}
        </Button>
        <Button color="red" onClick={onYes}>
          {yes}
        </Button>
      </Group>
    </Modal>
  );
}
