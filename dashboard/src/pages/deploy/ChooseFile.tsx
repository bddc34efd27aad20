import { Button, Center, Code, Divider, Group, Paper, Stack, Text, Textarea, ThemeIcon, Title } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useCallback, useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import { FilePicker } from "~/workflow-file/FilePicker";
import { useTakeFile } from "~/workflow-file/useTakeFile";
import { asFile, usePasted } from "./usePasted";

/** Nothing has been chosen yet: drop, choose or paste a workflow. */
export function ChooseFile() {
  const { t } = useTranslation("deploy");
  const take = useTakeFile();
  const [text, setText] = useState("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `take` is new at each render and does the same
  usePasted(useCallback((files: File[]) => void take(files), []));
  return (
    <Paper p={{ base: "lg", sm: 40 }} style={{ border: "2px dashed var(--mantine-color-default-border)" }}>
      <Center>
        <Stack align="center" gap="md" maw={620} w="100%">
          <ThemeIcon size={64} radius="xl" variant="light" aria-hidden>
            <IconFileUpload size={32} />
          </ThemeIcon>
          <Title order={2} size="h3" ta="center">
            {t("choose.title")}
          </Title>
          <Text ta="center">
            <Trans t={t} i18nKey="choose.text" components={{ file: <Code /> }} />
          </Text>
          <FilePicker size="md">{t("choose.button")}</FilePicker>
          <Divider w="100%" label={t("choose.or")} />
          <Textarea
            w="100%"
            label={t("choose.paste")}
            description={t("choose.pasteHelp")}
            autosize
            minRows={3}
            maxRows={8}
            spellCheck={false}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Group justify="flex-end" w="100%">
            <Button variant="default" disabled={!text.trim()} onClick={() => void take([asFile(text)])}>
              {t("choose.use")}
            </Button>
          </Group>
        </Stack>
      </Center>
    </Paper>
  );
}
