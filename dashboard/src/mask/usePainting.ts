import { type PointerEvent, useLayoutEffect, useRef } from "react";
import type { Stroke } from "./marks";
import { drag, type Point, type Size, toImage, type View } from "./view";

export type Tool = "brush" | "eraser" | "move";

interface Painting {
  tool: Tool;
  width: number;
  view: View;
  image: Size;
  window: Size;
  setView: (view: View) => void;
  /** A line has grown: draw it from a place of its points on. */
  onGrow: (stroke: Stroke, from: number) => void;
  onStroke: (stroke: Stroke) => void;
  /** A line was begun and is none, for a second finger came. */
  onCancel: () => void;
}

type Held = Map<number, Point>;

/** Paint with a mouse, a finger or a pen; move with the middle button, the move tool or two fingers. */
export function usePainting(painting: Painting) {
  const held = useRef<Held>(new Map());
  const points = useRef<number[] | null>(null);
  const pen = useRef(false);
  const view = useRef(painting.view); // two fingers may move before the page is drawn anew
  useLayoutEffect(() => {
    view.current = painting.view;
  });
  const strokeOf = (all: readonly number[]): Stroke => ({
    kind: "stroke",
    erase: painting.tool === "eraser",
    width: painting.width,
    points: all,
  });

  const begin = (at: Point) => {
    const { x, y } = toImage(view.current, at);
    points.current = [x, y];
    painting.onGrow(strokeOf(points.current), 0);
  };
  const grow = (places: Point[]) => {
    const all = points.current;
    if (!all) return;
    const from = all.length - 2;
    for (const place of places) {
      const { x, y } = toImage(view.current, place);
      all.push(x, y);
    }
    painting.onGrow(strokeOf(all), from);
  };
  const move = (before: Point[], now: Point[]) => {
    view.current = drag(view.current, before, now, painting.image, painting.window);
    painting.setView(view.current);
  };
  const end = () => {
    if (points.current) painting.onStroke(strokeOf(points.current));
    points.current = null;
  };
  const giveUp = () => {
    if (points.current) painting.onCancel();
    points.current = null;
  };

  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button > 1 || (event.pointerType === "touch" && pen.current)) return; // a palm beside the pen
    if (event.button === 1) event.preventDefault();
    if (event.pointerType === "pen") {
      pen.current = true;
      held.current.clear();
    }
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current.set(event.pointerId, placeOf(event, event.currentTarget));
    if (held.current.size > 1) giveUp();
    else if (painting.tool !== "move" && event.button === 0) begin(placeOf(event, event.currentTarget));
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    if (!held.current.has(event.pointerId)) return;
    const before = [...held.current.values()];
    const target = event.currentTarget;
    held.current.set(event.pointerId, placeOf(event, target));
    if (points.current) grow(between(event).map((one) => placeOf(one, target)));
    else move(before, [...held.current.values()]);
  };
  const onPointerUp = (event: PointerEvent<HTMLElement>) => {
    if (!held.current.delete(event.pointerId)) return;
    if (event.pointerType === "pen") pen.current = false;
    end();
  };
  const onPointerCancel = (event: PointerEvent<HTMLElement>) => {
    if (!held.current.delete(event.pointerId)) return;
    pen.current = false;
    giveUp();
  };
  return { onPointerDown, onPointerMove, onPointerUp, onPointerCancel };
}

/** Return the moves since the last event that the browser put into one. */
function between({ nativeEvent }: PointerEvent): { clientX: number; clientY: number }[] {
  const all = nativeEvent.getCoalescedEvents?.() ?? [];
  return all.length ? all : [nativeEvent];
}

/** Return where an event is, from the corner of an element. */
export function placeOf(event: { clientX: number; clientY: number }, element: Element): Point {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
