import { Box } from "@mantine/core";
import type { ReactNode } from "react";

/** What may be wider than the page; it can be scrolled by keyboard too. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Box role="region" aria-label={label} tabIndex={0} style={{ overflowX: "auto" }}>
      {children}
    </Box>
  );
}
