import { Box, Code } from "@mantine/core";
import { CopyButton } from "./CopyButton";

/** Code to read and copy; it can be scrolled by keyboard. */
export function CodeBlock({ code, what, maxHeight }: { code: string; what: string; maxHeight?: number }) {
  return (
    <Box pos="relative">
      <Code block tabIndex={0} aria-label={what} role="region" style={{ overflow: "auto", maxHeight }} pr={44}>
        {code}
      </Code>
      <Box pos="absolute" top={6} right={6} bg="var(--mantine-color-body)" bdrs="sm">
        <CopyButton value={code} what={what} />
      </Box>
    </Box>
  );
}
