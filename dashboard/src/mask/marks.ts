/** What was painted, as it was painted: it can be drawn at any size, and taken back. */

/** A line of the brush or the eraser; `points` are x, y, x, y, … and all lengths are in pixels of the image. */
export interface Stroke {
  kind: "stroke";
  erase: boolean;
  width: number;
  points: readonly number[];
}

export type Mark = Stroke | { kind: "clear" } | { kind: "invert" };

/** What there is now, and what was taken back. */
export interface Marks {
  done: readonly Mark[];
  undone: readonly Mark[];
}

export type Change = { do: "add"; mark: Mark } | { do: "undo" } | { do: "redo" };

/** Start with what was painted before. */
export function startWith(done: readonly Mark[]): Marks {
  return { done, undone: [] };
}

/** Return what there is after a change. */
export function changed(marks: Marks, change: Change): Marks {
  if (change.do === "add") {
    const idle = change.mark.kind === "clear" && isBlank(marks.done);
    return idle ? marks : { done: [...marks.done, change.mark], undone: [] };
  }
  const [from, to] = change.do === "undo" ? [marks.done, marks.undone] : [marks.undone, marks.done];
  const mark = from.at(-1);
  if (!mark) return marks;
  const [less, more] = [from.slice(0, -1), [...to, mark]];
  return change.do === "undo" ? { done: less, undone: more } : { done: more, undone: less };
}

/** Return the marks that still show: those since all was cleared. */
export function showing(done: readonly Mark[]): readonly Mark[] {
  return done.slice(done.findLastIndex((mark) => mark.kind === "clear") + 1);
}

/** Tell whether surely nothing is painted. */
export function isBlank(done: readonly Mark[]): boolean {
  return showing(done).every((mark) => mark.kind === "stroke" && mark.erase);
}
