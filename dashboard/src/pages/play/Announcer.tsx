import { VisuallyHidden } from "@mantine/core";

/** Tells screen readers what has happened, one sentence at a time. */
export function Announcer({ text }: { text: string }) {
  return <VisuallyHidden role="status">{text}</VisuallyHidden>;
}
