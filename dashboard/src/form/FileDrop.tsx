import { Button, FileButton, Paper, Stack, Text } from "@mantine/core";
import { IconFile, IconMovie, IconMusic, IconPhoto } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import type { Ids } from "./Field";
import { acceptOf } from "./files";
import { useDrop } from "./useDrop";

interface Props {
  input: Input;
  /** The file that the deployment uses where none is chosen. */
  own: unknown;
  ids: Ids;
  disabled: boolean;
  invalid: boolean;
  onFile: (file: File) => void;
}

const ICONS = { image: IconPhoto, video: IconMovie, audio: IconMusic, file: IconFile };
const CHOOSE = {
  image: "file.chooseImage",
  video: "file.chooseVideo",
  audio: "file.chooseAudio",
  file: "file.chooseFile",
} as const;

/** An empty place for a file. */
export function FileDrop({ input, own, ids, disabled, invalid, onFile }: Props) {
  const { t } = useTranslation("form");
  const { over, handlers } = useDrop(onFile, disabled);
  const kind = input.kind as keyof typeof ICONS;
  const Icon = ICONS[kind];
  return (
    <Paper
      {...handlers}
      p="md"
      withBorder
      role="group"
      aria-labelledby={ids.labelId}
      bg={over ? "var(--mantine-primary-color-light)" : "var(--mantine-color-default)"}
      style={{
        borderStyle: "dashed",
        borderColor: over ? "var(--mantine-primary-color-filled)" : invalid ? "var(--mantine-color-error)" : undefined,
      }}
    >
      <Stack align="center" gap={6} ta="center">
        <FileButton onChange={(file) => file && onFile(file)} accept={acceptOf(input.kind)} disabled={disabled}>
          {(button) => (
            <Button
              {...button}
              id={ids.id}
              variant="light"
              disabled={disabled}
              aria-label={t("file.chooseFor", { choose: t(CHOOSE[kind]), label: input.label })}
              aria-describedby={ids.describedBy}
              leftSection={<Icon size={18} aria-hidden />}
            >
              {t(CHOOSE[kind])}
            </Button>
          )}
        </FileButton>
        <Text size="sm" c="dimmed">
          {over ? t("file.dropNow") : t(kind === "image" ? "file.dropImage" : "file.drop")}
        </Text>
        {typeof own === "string" && own && !input.required && (
          <Text size="xs" c="dimmed" className="break">
            {t("file.own", { name: own })}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
