import { Alert, Box, Modal, Stack } from "@mantine/core";
import { useElementSize, useMediaQuery } from "@mantine/hooks";
import { useEffect, useReducer, useState } from "react";
import { useTranslation } from "react-i18next";
import { useObjectUrl } from "~/form/useObjectUrl";
import { Loading } from "~/ui/Loading";
import { firstWidth, next, widest } from "./brush";
import { MaskFooter } from "./MaskFooter";
import { MaskStage } from "./MaskStage";
import { MaskTools } from "./MaskTools";
import { changed, isBlank, type Mark, startWith } from "./marks";
import { marksOf, maskFile } from "./maskFile";
import { type Command, commandOf } from "./shortcuts";
import { useImageSize } from "./useImageSize";
import type { Tool } from "./usePainting";
import { type Size, type View, wholeView, zoom } from "./view";

interface Props {
  label: string;
  image: File;
  mask: File | undefined;
  onClose: () => void;
  /** The mask, of the image's size; undefined where nothing is masked. */
  onDone: (mask: File | undefined) => void;
}

/** A window to paint a mask over an image. */
export default function MaskEditor({ label, image, mask, onClose, onDone }: Props) {
  const { t } = useTranslation("mask");
  const phone = useMediaQuery("(max-width: 48em)", window.innerWidth <= 768, { getInitialValueInEffect: false });
  const url = useObjectUrl(image);
  const size = useImageSize(url);
  const [start] = useState(() => marksOf(mask));
  const [marks, change] = useReducer(changed, start, startWith);
  const [asking, setAsking] = useState(false);
  const leave = () => (asking || marks.done === start ? (asking ? setAsking(false) : onClose()) : setAsking(true));
  return (
    <Modal
      opened
      onClose={leave}
      title={t("title", { label })}
      fullScreen={phone}
      centered
      size="min(1400px, 96vw)"
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": t("close") }}
      padding="sm"
      styles={{
        content: { height: phone ? "100dvh" : "94dvh", display: "flex", flexDirection: "column", overflow: "hidden" },
        body: { flex: 1, minHeight: 0, display: "flex" },
      }}
    >
      {size === null && <Alert color="red">{t("unreadable")}</Alert>}
      {size === undefined && <Loading />}
      {size && url && (
        <Painter url={url} image={size} done={marks.done} canRedo={marks.undone.length > 0} change={change}>
          <MaskFooter
            asking={asking}
            onLeave={leave}
            onDiscard={onClose}
            onStay={() => setAsking(false)}
            make={() => maskFile(marks.done, size.width, size.height)}
            onDone={(made) => onDone(made ?? undefined)}
          />
        </Painter>
      )}
    </Modal>
  );
}

interface PainterProps {
  url: string;
  image: Size;
  done: readonly Mark[];
  canRedo: boolean;
  change: (change: Parameters<typeof changed>[1]) => void;
  children: React.ReactNode;
}

const ZOOM = 1.5;

function Painter({ url, image, done, canRedo, change, children }: PainterProps) {
  const { ref, width: across, height: down } = useElementSize<HTMLDivElement>();
  const window = { width: across, height: down };
  const [tool, setTool] = useState<Tool>("brush");
  const [width, setWidth] = useState(firstWidth(image.width, image.height));
  const [opacity, setOpacity] = useState(0.55);
  const [moved, setMoved] = useState<View | null>(null);
  const view = moved ?? wholeView(image, window);
  const most = widest(image.width, image.height);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another size of the window shows the whole image again
  useEffect(() => setMoved(null), [across, down]);

  const zoomBy = (factor: number) => setMoved(zoom(view, factor, { x: across / 2, y: down / 2 }, image, window));
  const commands: Record<Command, () => void> = {
    undo: () => change({ do: "undo" }),
    redo: () => change({ do: "redo" }),
    invert: () => change({ do: "add", mark: { kind: "invert" } }),
    wider: () => setWidth(next(width, 1, most)),
    narrower: () => setWidth(next(width, -1, most)),
    brush: () => setTool("brush"),
    eraser: () => setTool("eraser"),
    move: () => setTool("move"),
    zoomIn: () => zoomBy(ZOOM),
    zoomOut: () => zoomBy(1 / ZOOM),
    fit: () => setMoved(null),
  };
  return (
    <Stack
      flex={1}
      miw={0}
      gap="sm"
      onKeyDown={(event) => {
        const command = commandOf(event);
        if (!command) return;
        event.preventDefault();
        commands[command]();
      }}
    >
      <MaskTools
        tool={tool}
        width={width}
        most={most}
        opacity={opacity}
        canUndo={done.length > 0}
        canRedo={canRedo}
        isBlank={isBlank(done)}
        onWidth={setWidth}
        onOpacity={setOpacity}
        onClear={() => change({ do: "add", mark: { kind: "clear" } })}
        onCommand={(command) => commands[command]()}
      />
      <Box ref={ref} pos="relative" flex={1} mih={0}>
        {across > 0 && (
          <MaskStage
            url={url}
            image={image}
            window={window}
            view={view}
            setView={setMoved}
            done={done}
            tool={tool}
            width={width}
            opacity={opacity}
            onStroke={(mark) => change({ do: "add", mark })}
          />
        )}
      </Box>
      {children}
    </Stack>
  );
}
