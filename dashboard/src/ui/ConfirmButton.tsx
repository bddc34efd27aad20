import { Button, type ButtonProps } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";
import { AskDialog } from "./AskDialog";

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
      <AskDialog opened={opened} title={question} yes={children} onYes={confirm} onClose={close}>
        {consequence}
      </AskDialog>
    </>
  );
}
