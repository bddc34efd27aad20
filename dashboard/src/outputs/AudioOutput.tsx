import { Group, Paper, Text } from "@mantine/core";
import { IconMusic } from "@tabler/icons-react";
import type { Output } from "~/api/types";
import { size } from "~/ui/size";
import { fileUrl } from "./fileUrl";

/** A sound with the browser's controls. */
export function AudioOutput({ output, onGone }: { output: Output; onGone: () => void }) {
  return (
    <Paper withBorder p="sm">
      <Group gap="xs" wrap="nowrap" mb="xs">
        <IconMusic size={18} aria-hidden style={{ flexShrink: 0 }} />
        <Text size="sm" className="clip" title={output.filename} flex={1} miw={0}>
          {output.filename}
        </Text>
        <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
          {size(output.size)}
        </Text>
      </Group>
      {/* biome-ignore lint/a11y/useMediaCaption: what a workflow makes comes without captions */}
      <audio
        src={fileUrl(output.url)}
        controls
        preload="none"
        aria-label={output.filename}
        onError={onGone}
        style={{ width: "100%", height: 40 }}
      />
    </Paper>
  );
}
