import { Button, type ButtonProps, FileButton } from "@mantine/core";
import type { ReactNode } from "react";
import { useTakeFile } from "./useTakeFile";

interface Props extends ButtonProps {
  /** What a new version is made of; a new deployment by default. */
  deployment?: string;
  children: ReactNode;
}

/** A button that asks for a workflow's file and takes it to the page that deploys it. */
export function FilePicker({ deployment, children, ...button }: Props) {
  const take = useTakeFile();
  return (
    <FileButton
      accept=".json,application/json,image/*,video/*,audio/*"
      onChange={(file) => file && void take([file], deployment)}
    >
      {(picker) => (
        <Button {...button} {...picker}>
          {children}
        </Button>
      )}
    </FileButton>
  );
}
