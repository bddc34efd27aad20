import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  /** There are marks that would be lost. */
  asking: boolean;
  onLeave: () => void;
  onDiscard: () => void;
  onStay: () => void;
  make: () => Promise<File | null>;
  onDone: (mask: File | null) => void;
}

/** The way out of the mask editor: with the mask, or without. */
export function MaskFooter({ asking, onLeave, onDiscard, onStay, make, onDone }: Props) {
  const { t } = useTranslation("mask");
  const [saving, setSaving] = useState(false);
  const [fault, setFault] = useState<string>();
  const save = async () => {
    setSaving(true);
    setFault(undefined);
    try {
      onDone(await make());
    } catch (thrown) {
      setFault(t("failed", { fault: thrown instanceof Error ? thrown.message : String(thrown) }));
      setSaving(false);
    }
  };
  if (asking)
    return (
      <Group justify="flex-end" gap="xs" role="alert">
        <Text fw={600} flex={1} miw={160}>
          {t("discard")}
        </Text>
        <Button variant="default" onClick={onStay} autoFocus>
          {t("discardNo")}
        </Button>
        <Button color="red" onClick={onDiscard}>
          {t("discardYes")}
        </Button>
      </Group>
    );
  return (
    <Group justify="flex-end" gap="xs">
      {fault ? (
        <Text size="sm" c="var(--mantine-color-error)" flex="1 1 10rem" role="alert">
          {fault}
        </Text>
      ) : (
        <Text size="sm" c="dimmed" flex={1} visibleFrom="xs">
          {t("explain")}
        </Text>
      )}
      <Button variant="default" onClick={onLeave} disabled={saving}>
        {t("cancel")}
      </Button>
      <Button onClick={save} loading={saving} aria-label={saving ? t("saving") : undefined}>
        {t("done")}
      </Button>
    </Group>
  );
}
