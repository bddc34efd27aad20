import { Group, Paper } from "@mantine/core";
import type { ReactNode } from "react";

/** What is done with the page as a whole; it stays in sight. */
export function ActionBar({ children }: { children: ReactNode }) {
  return (
    <Paper
      withBorder
      shadow="md"
      px="md"
      py="sm"
      style={{ position: "sticky", bottom: "var(--mantine-spacing-sm)", zIndex: 50 }}
    >
      <Group justify="space-between" gap="sm">
        {children}
      </Group>
    </Paper>
  );
}
