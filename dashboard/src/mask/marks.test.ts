import { describe, expect, it } from "vitest";
import { type Change, changed, isBlank, type Mark, showing, startWith } from "./marks";

const line = (width: number, erase = false): Mark => ({ kind: "stroke", erase, width, points: [0, 0, 5, 5] });
const made = (...changes: Change[]) => changes.reduce(changed, startWith([]));
const add = (mark: Mark): Change => ({ do: "add", mark });
const UNDO: Change = { do: "undo" };
const REDO: Change = { do: "redo" };
const CLEAR: Mark = { kind: "clear" };

describe("what was painted", () => {
  it("is taken back one by one, and given back", () => {
    expect(made(add(line(1)), add(line(2)), UNDO).done).toEqual([line(1)]);
    expect(made(add(line(1)), add(line(2)), UNDO, UNDO, REDO).done).toEqual([line(1)]);
    expect(made(add(line(1)), add(line(2)), UNDO, UNDO, REDO, REDO).done).toEqual([line(1), line(2)]);
  });

  it("forgets what was taken back when something new is painted", () => {
    expect(made(add(line(1)), UNDO, add(line(2)))).toEqual({ done: [line(2)], undone: [] });
  });

  it("stays as it is where there is nothing to take back", () => {
    expect(made(UNDO, REDO)).toEqual({ done: [], undone: [] });
  });

  it("comes back after all was cleared", () => {
    expect(showing(made(add(line(1)), add(CLEAR)).done)).toEqual([]);
    expect(showing(made(add(line(1)), add(CLEAR), UNDO).done)).toEqual([line(1)]);
    expect(showing(made(add(line(1)), add(CLEAR), add(line(2))).done)).toEqual([line(2)]);
  });

  it("is not cleared twice", () => {
    expect(made(add(CLEAR)).done).toEqual([]);
    expect(made(add(line(1)), add(CLEAR), add(CLEAR)).done).toHaveLength(2);
  });

  it("is nothing before the first line, and where only the eraser was used", () => {
    expect(isBlank([])).toBe(true);
    expect(isBlank([line(1, true)])).toBe(true);
    expect(isBlank([line(1), CLEAR])).toBe(true);
    expect(isBlank([line(1)])).toBe(false);
    expect(isBlank([{ kind: "invert" }])).toBe(false);
  });
});
