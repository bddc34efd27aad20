import { ActionIcon, Group, Modal, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, type TouchEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Output } from "~/api/types";
import { size } from "~/ui/size";
import { fileUrl } from "./fileUrl";
import classes from "./Lightbox.module.css";
import { outputKind } from "./outputKind";

interface Props {
  outputs: Output[];
  /** Which one is shown; null: closed. */
  index: number | null;
  onIndex: (index: number) => void;
  onClose: () => void;
  /** Buttons for the one that is shown. */
  actions?: ReactNode;
}

const SWIPE_PIXELS = 50;

/** Pictures and videos one at a time, as large as they fit: arrow keys, swipes and buttons turn over, Escape closes. */
export function Lightbox({ outputs, index, onIndex, onClose, actions }: Props) {
  const { t } = useTranslation("play");
  const output = index === null ? undefined : outputs[index];
  return (
    <Modal
      opened={output !== undefined}
      onClose={onClose}
      fullScreen
      title={<Caption output={output} place={t("lightbox.place", { at: (index ?? 0) + 1, of: outputs.length })} />}
      closeButtonProps={{ "aria-label": t("lightbox.close") }}
      classNames={{ content: classes.content, body: classes.body, title: classes.title }}
    >
      {output && index !== null && (
        <Stage
          key={output.url}
          output={output}
          onBack={index > 0 ? () => onIndex(index - 1) : undefined}
          onOn={index < outputs.length - 1 ? () => onIndex(index + 1) : undefined}
          onFirst={() => onIndex(0)}
          onLast={() => onIndex(outputs.length - 1)}
        />
      )}
      {actions && (
        <Group justify="center" gap="xs" mt="sm">
          {actions}
        </Group>
      )}
    </Modal>
  );
}

function Caption({ output, place }: { output: Output | undefined; place: string }) {
  return (
    <Group gap="sm" wrap="nowrap" miw={0}>
      <Text fw={600} className="clip" title={output?.filename}>
        {output?.filename}
      </Text>
      <Text size="sm" c="dimmed" style={{ flexShrink: 0 }}>
        {place} · {size(output?.size ?? 0)}
      </Text>
    </Group>
  );
}

interface StageProps {
  output: Output;
  onBack?: () => void;
  onOn?: () => void;
  onFirst: () => void;
  onLast: () => void;
}

function Stage({ output, onBack, onOn, onFirst, onLast }: StageProps) {
  const { t } = useTranslation("play");
  const touched = useRef<number | null>(null);
  useHotkeys(
    [
      ["ArrowLeft", () => onBack?.()],
      ["ArrowRight", () => onOn?.()],
      ["Home", onFirst],
      ["End", onLast],
    ],
    ["INPUT", "TEXTAREA", "SELECT", "VIDEO"],
  );
  const touchStart = (event: TouchEvent) => {
    touched.current = event.touches.length === 1 ? (event.touches[0]?.clientX ?? null) : null;
  };
  const touchEnd = (event: TouchEvent) => {
    const moved = (event.changedTouches[0]?.clientX ?? 0) - (touched.current ?? event.changedTouches[0]?.clientX ?? 0);
    if (moved > SWIPE_PIXELS) onBack?.();
    if (moved < -SWIPE_PIXELS) onOn?.();
  };
  return (
    <div className={classes.stage} onTouchStart={touchStart} onTouchEnd={touchEnd}>
      <Large output={output} />
      {onBack && (
        <Turn className={classes.back} label={t("lightbox.back")} onClick={onBack}>
          <IconChevronLeft aria-hidden />
        </Turn>
      )}
      {onOn && (
        <Turn className={classes.on} label={t("lightbox.on")} onClick={onOn}>
          <IconChevronRight aria-hidden />
        </Turn>
      )}
    </div>
  );
}

function Turn({ label, ...button }: { className?: string; label: string; onClick: () => void; children: ReactNode }) {
  return <ActionIcon {...button} size="xl" radius="xl" variant="default" aria-label={label} />;
}

/** The picture fits the window; a click shows it in its own size, to be scrolled. */
function Large({ output }: { output: Output }) {
  const { t } = useTranslation("play");
  const [whole, setWhole] = useState(true);
  if (outputKind(output) === "video") {
    return (
      // biome-ignore lint/a11y/useMediaCaption: what a workflow makes comes without captions
      <video
        src={fileUrl(output.url)}
        controls
        autoPlay
        loop
        playsInline
        aria-label={output.filename}
        className={classes.whole}
      />
    );
  }
  return (
    <button
      type="button"
      className={whole ? classes.fit : classes.scroll}
      onClick={() => setWhole(!whole)}
      aria-label={t(whole ? "lightbox.actualSize" : "lightbox.fit")}
    >
      <img src={fileUrl(output.url)} alt={output.filename} className={whole ? classes.whole : undefined} />
    </button>
  );
}
