import { Button, Checkbox, Stack, Text, TextInput } from "@mantine/core";
import { IconDeviceFloppy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { ActionBar } from "./ActionBar";

interface Props {
  note: string;
  onNote: (note: string) => void;
  /** How many changes break calls. */
  breaking: number;
  allowBreaking: boolean;
  onAllowBreaking: (on: boolean) => void;
  dirty: boolean;
  /** Whether some edits can't be made. */
  wrong: boolean;
  /** The version that is to be made. */
  version: number | null;
  isPending: boolean;
  onSave: () => void;
}

/** Save the edits, and what has to be said before. */
export function SaveBar(props: Props) {
  const { breaking, allowBreaking, dirty, wrong } = props;
  const { t } = useTranslation("deploy");
  const state = wrong ? t("bar.why.edits") : dirty ? t("edit.changed") : t("edit.nothing");
  return (
    <ActionBar>
      <Stack gap={6} style={{ flex: "1 1 16rem", minWidth: 0 }}>
        <TextInput
          aria-label={t("about.note")}
          placeholder={t("edit.note")}
          maxLength={1000}
          value={props.note}
          onChange={(event) => props.onNote(event.currentTarget.value)}
        />
        {breaking > 0 && (
          <Checkbox
            color="red"
            label={t("bar.allowBreaking", { count: breaking })}
            checked={allowBreaking}
            onChange={(event) => props.onAllowBreaking(event.currentTarget.checked)}
          />
        )}
        <Text size="sm" c="dimmed" aria-live="polite">
          {state}
        </Text>
      </Stack>
      <Button
        leftSection={<IconDeviceFloppy size={18} aria-hidden />}
        disabled={!dirty || wrong || (breaking > 0 && !allowBreaking)}
        loading={props.isPending}
        onClick={props.onSave}
      >
        {t("edit.save", { version: props.version ?? "…" })}
      </Button>
    </ActionBar>
  );
}
