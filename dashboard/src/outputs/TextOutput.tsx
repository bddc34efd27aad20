import { Anchor, Box, Group, Loader, Paper, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { errorOf } from "~/api/client";
import { unreachable } from "~/api/errors";
import type { Output } from "~/api/types";
import { CopyButton } from "~/ui/CopyButton";
import { FileCard } from "./FileCard";
import { fileUrl } from "./fileUrl";
import classes from "./OutputView.module.css";

const SHOWN_BYTES = 64 * 1024;

/** A text, its beginning where it is long. */
export function TextOutput({ output, compact }: { output: Output; compact: boolean }) {
  const { t } = useTranslation("play");
  const path = fileUrl(output.url);
  const text = useQuery({ queryKey: ["output-text", path], queryFn: () => beginning(path), staleTime: Infinity });
  if (text.isError) return <FileCard output={output} gone />;
  return (
    <Paper withBorder p="sm">
      <Group gap="xs" wrap="nowrap" mb={4}>
        <Text size="xs" c="dimmed" className="clip" title={output.filename} flex={1} miw={0}>
          {output.filename}
        </Text>
        {text.data !== undefined && <CopyButton value={text.data} what={output.filename} />}
      </Group>
      {text.isPending ? (
        <Loader size="xs" role="status" aria-label={t("output.fetching", { name: output.filename })} />
      ) : (
        <Box
          className={`${classes.text} ${compact ? classes.shortText : ""}`}
          tabIndex={0}
          role="region"
          aria-label={output.filename}
          fz="sm"
          ff={output.filename.endsWith(".json") ? "monospace" : undefined}
        >
          {text.data || <em>{t("output.emptyText")}</em>}
        </Box>
      )}
      {output.size > SHOWN_BYTES && (
        <Anchor href={path} download={output.filename} size="sm">
          {t("output.wholeText")}
        </Anchor>
      )}
    </Paper>
  );
}

async function beginning(path: string): Promise<string> {
  const response = await fetch(path, { headers: { Range: `bytes=0-${SHOWN_BYTES - 1}` } }).catch((cause) => {
    throw unreachable(cause);
  });
  if (response.status === 416) return "";
  if (!response.ok) throw await errorOf(response);
  return response.text();
}
