import { Button, FileButton, Group, Paper, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBrush, IconReplace, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { size } from "~/ui/size";
import type { Ids } from "./Field";
import { FilePreview } from "./FilePreview";
import { acceptOf } from "./files";
import { useDrop } from "./useDrop";
import type { FileValue, FormValue } from "./values";

const MaskEditor = lazy(() => import("~/mask/MaskEditor"));

interface Props {
  input: Input;
  value: FileValue;
  ids: Ids;
  disabled: boolean;
  onFile: (file: File) => void;
  onChange: (value: FormValue) => void;
}

/** A file that was chosen, with what can be done with it. */
export function ChosenFile({ input, value, ids, disabled, onFile, onChange }: Props) {
  const { t } = useTranslation("form");
  const { over, handlers } = useDrop(onFile, disabled);
  const [shown, setShown] = useState(false);
  const [painting, { open, close }] = useDisclosure(false);
  const draw = useRef<HTMLButtonElement>(null);
  const leave = () => {
    close();
    requestAnimationFrame(() => draw.current?.focus());
  };
  const { file, mask } = value;
  const paintable = input.kind === "image" && shown;
  return (
    <Paper
      {...handlers}
      withBorder
      role="group"
      aria-labelledby={ids.labelId}
      style={{ overflow: "hidden", borderColor: over ? "var(--mantine-primary-color-filled)" : undefined }}
    >
      <FilePreview value={value} onShown={setShown} />
      <Text size="sm" className="clip" px="sm" pt={8} title={file.name} aria-live="polite">
        {file.name}{" "}
        <Text span size="sm" c="dimmed">
          {size(file.size)}
          {mask && ` · ${t("mask.there")}`}
        </Text>
      </Text>
      <Group gap={6} p="xs">
        {paintable && (
          <Button
            size="compact-sm"
            variant="light"
            ref={draw}
            onClick={open}
            disabled={disabled}
            leftSection={<IconBrush size={16} aria-hidden />}
          >
            {t(mask ? "mask.edit" : "mask.draw")}
          </Button>
        )}
        {mask && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            onClick={() => onChange({ file })}
            disabled={disabled}
          >
            {t("mask.remove")}
          </Button>
        )}
        <FileButton onChange={(next) => next && onFile(next)} accept={acceptOf(input.kind)} disabled={disabled}>
          {(button) => (
            <Button
              {...button}
              id={ids.id}
              size="compact-sm"
              variant="subtle"
              color="gray"
              disabled={disabled}
              leftSection={<IconReplace size={16} aria-hidden />}
              aria-label={t("file.replaceWhat", { label: input.label })}
              aria-describedby={ids.describedBy}
            >
              {t("file.replace")}
            </Button>
          )}
        </FileButton>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          disabled={disabled}
          onClick={() => onChange(null)}
          leftSection={<IconTrash size={16} aria-hidden />}
          aria-label={t("file.removeWhat", { label: input.label })}
        >
          {t("file.remove")}
        </Button>
      </Group>
      {painting && (
        <Suspense>
          <MaskEditor
            label={input.label}
            image={file}
            mask={mask}
            onClose={leave}
            onDone={(made) => {
              leave();
              onChange(made ? { file, mask: made } : { file });
            }}
          />
        </Suspense>
      )}
    </Paper>
  );
}
