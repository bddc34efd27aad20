/** What a key does in the mask editor. */
export type Command =
  | "undo"
  | "redo"
  | "wider"
  | "narrower"
  | "brush"
  | "eraser"
  | "move"
  | "invert"
  | "zoomIn"
  | "zoomOut"
  | "fit";

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

const PLAIN: Record<string, Command> = {
  "[": "narrower",
  "]": "wider",
  b: "brush",
  e: "eraser",
  h: "move",
  i: "invert",
  "+": "zoomIn",
  "=": "zoomIn",
  "-": "zoomOut",
  "0": "fit",
};

/** Return what a key does, null where it does nothing. */
export function commandOf({ key, ctrlKey, metaKey, shiftKey, altKey }: Key): Command | null {
  const letter = key.toLowerCase();
  if (ctrlKey || metaKey) {
    if (altKey) return null;
    if (letter === "z") return shiftKey ? "redo" : "undo";
    return letter === "y" ? "redo" : null;
  }
  return (!altKey && PLAIN[letter]) || null;
}
