import { Button, type ButtonProps, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface Props extends ButtonProps {
  /** The question, a sentence. */
  question: string;
  /** What it means to say yes. */
  consequence: ReactNode;
  onConfirm: () => void;
  children: ReactNode;
}

/** A button for what can't be undone: it asks first. */
export function ConfirmButton({ question, consequence, onConfirm, children, ...button }: Props) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  const confirm = () => {
    close();
    onConfirm();
  };
  return (
    <>
      <Button {...button} onClick={open}>
        {children}
      </Button>
      <Modal opened={opened} onClose={close} title={question} centered closeButtonProps={{ "aria-label": t("close") }}>
        <Text mb="lg" component="div">
          {consequence}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("cancel")}
          </Button>
          <Button color="red" onClick={confirm}>
            {children}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
