import { Box } from "@mantine/core";
import { type KeyboardEvent, type PointerEvent, type RefObject, useCallback, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import classes from "./MaskStage.module.css";
import type { Mark, Stroke } from "./marks";
import { paint, paintStroke } from "./paint";
import { placeOf, type Tool, usePainting } from "./usePainting";
import { type Point, type Size, toImage, type View, zoom } from "./view";

interface Props {
  url: string;
  image: Size;
  window: Size;
  view: View;
  setView: (view: View) => void;
  done: readonly Mark[];
  tool: Tool;
  width: number;
  opacity: number;
  onStroke: (stroke: Stroke) => void;
}

/** The canvas is no larger than this, however large the image: what counts are the marks. */
const LONGEST = 2048;
const WHEEL = 1.0015;
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The image with the mask over it, to paint on. */
export function MaskStage(props: Props) {
  const { url, image, window, view, setView, done, tool, width, opacity, onStroke } = props;
  const { t } = useTranslation("mask");
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const cursor = useRef<Point>({ x: window.width / 2, y: window.height / 2 });
  const ring = useRing(width * view.scale, tool);
  const small = Math.min(1, LONGEST / Math.max(image.width, image.height));

  const redraw = useCallback(() => {
    const context = scaled(canvas.current, small);
    if (context) paint(context, done, { top: 0, ...image }, colourOf(context.canvas));
  }, [done, image, small]);
  useEffect(redraw, [redraw]);
  useEffect(() => stage.current?.focus({ preventScroll: true }), []); // the keys work at once

  const painting = usePainting({
    tool,
    width,
    view,
    image,
    window,
    setView,
    onStroke,
    onCancel: redraw,
    onGrow: (stroke, from) => {
      const context = scaled(canvas.current, small);
      if (context) paintStroke(context, stroke, colourOf(context.canvas), from);
    },
  });
  useWheel(stage, (at, factor) => setView(zoom(view, factor, at, image, window)));

  const follow = (event: PointerEvent<HTMLElement>) => {
    cursor.current = placeOf(event, event.currentTarget);
    ring.show(cursor.current);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const way = ARROWS[event.key];
    if (!way && event.key !== "Enter") return;
    event.preventDefault();
    const pace = Math.max(2, (width * view.scale) / (event.shiftKey ? 1 : 4));
    const { x, y } = cursor.current;
    if (way) cursor.current = { x: held(x + way[0] * pace, window.width), y: held(y + way[1] * pace, window.height) };
    ring.show(cursor.current);
    if (way || tool === "move") return;
    const at = toImage(view, cursor.current);
    onStroke({ kind: "stroke", erase: tool === "eraser", width, points: [at.x, at.y] });
  };

  return (
    <Box
      ref={stage}
      className={classes.stage}
      data-tool={tool}
      role="application"
      tabIndex={0}
      aria-label={t("canvas", { width: image.width, height: image.height })}
      {...painting}
      onPointerMove={(event) => {
        follow(event);
        painting.onPointerMove(event);
      }}
      onPointerLeave={ring.hide}
      onKeyDown={onKeyDown}
      onContextMenu={(event) => event.preventDefault()}
    >
      <div
        className={classes.image}
        style={{ left: view.x, top: view.y, width: image.width * view.scale, height: image.height * view.scale }}
      >
        <img src={url} alt="" draggable={false} data-large={view.scale > 2 || undefined} />
        <canvas
          ref={canvas}
          width={Math.ceil(image.width * small)}
          height={Math.ceil(image.height * small)}
          style={{ opacity }}
        />
      </div>
      <div ref={ring.ref} className={classes.ring} hidden />
    </Box>
  );
}

const held = (place: number, room: number) => Math.min(room, Math.max(0, place));

/** Return what draws on the canvas in pixels of the image. */
function scaled(canvas: HTMLCanvasElement | null, scale: number): CanvasRenderingContext2D | null {
  const context = canvas?.getContext("2d") ?? null;
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

const colourOf = (canvas: HTMLCanvasElement) => getComputedStyle(canvas).color;

/** A ring as wide as the brush that follows the cursor without the page being drawn anew. */
function useRing(diameter: number, tool: Tool) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (ref.current) ref.current.style.width = ref.current.style.height = `${diameter}px`;
    if (ref.current && tool === "move") ref.current.hidden = true;
  }, [diameter, tool]);
  const show = ({ x, y }: Point) => {
    if (!ref.current || tool === "move") return;
    ref.current.hidden = false;
    ref.current.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
  };
  const hide = () => {
    if (ref.current) ref.current.hidden = true;
  };
  return { ref, show, hide };
}

/** The wheel zooms; React's own listener could not keep the page from scrolling. */
function useWheel(stage: RefObject<HTMLElement | null>, onZoom: (at: Point, factor: number) => void): void {
  const latest = useRef(onZoom);
  useEffect(() => {
    latest.current = onZoom;
  });
  useEffect(() => {
    const element = stage.current;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      if (element) latest.current(placeOf(event, element), WHEEL ** -(event.deltaY * (event.ctrlKey ? 6 : 1)));
    };
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  }, [stage]);
}
