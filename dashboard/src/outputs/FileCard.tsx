import { ActionIcon, Group, Paper, Text, ThemeIcon, Tooltip } from "@mantine/core";
import { IconBox, IconDownload, IconFile, IconFileOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Output } from "~/api/types";
import { size } from "~/ui/size";
import { fileUrl } from "./fileUrl";
import { outputKind, suffixOf } from "./outputKind";

/** A file that can only be downloaded, such as a 3D model; or one that can't be had any more. */
export function FileCard({ output, gone = false }: { output: Output; gone?: boolean }) {
  const { t } = useTranslation("play");
  const kind = outputKind(output);
  const Icon = gone ? IconFileOff : kind === "model" ? IconBox : IconFile;
  const label = t("output.download", { name: output.filename });
  return (
    <Paper withBorder p="sm">
      <Group gap="sm" wrap="nowrap">
        <ThemeIcon variant="light" size="lg" color={gone ? "gray" : undefined} aria-hidden>
          <Icon size={20} />
        </ThemeIcon>
        <div style={{ flex: 1, minWidth: 0 }}>
          <Text size="sm" className="clip" title={output.filename}>
            {output.filename}
          </Text>
          <Text size="xs" c="dimmed">
            {gone ? t("output.gone") : [suffixOf(output.filename), size(output.size)].filter(Boolean).join(" · ")}
          </Text>
        </div>
        {!gone && (
          <Tooltip label={label}>
            <ActionIcon
              component="a"
              href={fileUrl(output.url)}
              download={output.filename}
              variant="light"
              size="lg"
              aria-label={label}
            >
              <IconDownload size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
    </Paper>
  );
}
