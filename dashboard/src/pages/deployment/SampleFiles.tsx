import { Anchor, Code, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { sampleFile } from "~/snippets/sample";
import { failed } from "~/ui/notify";
import { saveFile } from "~/ui/saveFile";

/** Which files the code reads, and one to try it with. */
export function SampleFiles({ files }: { files: { file: string; kind: Input["kind"] }[] }) {
  const { t } = useTranslation("deployment");
  if (!files.length) return null;
  return (
    <Group gap="xs">
      <Text size="sm" c="dimmed">
        {t("snippets.files")}
      </Text>
      {files.map(({ file, kind }) => (
        <Group key={file} gap={6}>
          <Code>{file}</Code>
          {(kind === "image" || kind === "audio") && (
            <Anchor component="button" type="button" size="sm" onClick={() => save(file, kind).catch(failed)}>
              {t("snippets.sample", { file })}
            </Anchor>
          )}
        </Group>
      ))}
    </Group>
  );
}

async function save(file: string, kind: Input["kind"]): Promise<void> {
  const sample = await sampleFile(kind);
  if (sample) saveFile(sample, file);
}
