import { describe, expect, it } from "vitest";
import { commandOf } from "./shortcuts";

const press = (key: string, more: object = {}) =>
  commandOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more });

describe("a key", () => {
  it.each([
    ["[", {}, "narrower"],
    ["]", {}, "wider"],
    ["E", {}, "eraser"],
    ["z", { ctrlKey: true }, "undo"],
    ["z", { metaKey: true }, "undo"],
    ["Z", { ctrlKey: true, shiftKey: true }, "redo"],
    ["y", { ctrlKey: true }, "redo"],
    ["b", { ctrlKey: true }, null],
    ["[", { altKey: true }, null],
    ["z", {}, null],
    ["Escape", {}, null],
  ])("%s with %j does %s", (key, more, command) => {
    expect(press(key, more)).toBe(command);
  });
});
