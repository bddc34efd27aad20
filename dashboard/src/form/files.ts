import type { Input } from "~/api/types";
import { shownInputs, takesFile } from "./shown";
import { isFileValue, type Values } from "./values";

type Kind = Input["kind"];

const FAMILIES: Partial<Record<Kind, string[]>> = {
  image: ["image/"],
  video: ["video/", "image/gif", "image/webp", "image/apng", "image/png"], // video nodes read animations too
  audio: ["audio/", "video/"], // of a video, its sound is taken
};

/** Return what the browser's file chooser is to offer. */
export function acceptOf(kind: Kind): string | undefined {
  if (kind === "video") return "video/*,image/gif,image/webp,image/apng";
  return kind === "image" ? "image/*" : kind === "audio" ? "audio/*,video/*" : undefined;
}

/** Tell whether a file may be what an input takes; one of an unknown type may. */
export function isAccepted(kind: Kind, file: Pick<File, "type">): boolean {
  const families = FAMILIES[kind];
  return !families || !file.type || families.some((family) => file.type.startsWith(family));
}

/** Return which input a pasted file goes to: the focused one, else the first empty one that takes it, else the only one. */
export function pasteTarget(
  inputs: readonly Input[],
  values: Values,
  focused: string | null,
  file: Pick<File, "type">,
): string | null {
  const takers = shownInputs(inputs).filter((input) => takesFile(input) && isAccepted(input.kind, file));
  const preferred = takers.filter((input) => file.type.startsWith(`${input.kind}/`));
  const candidates = preferred.length ? preferred : takers;
  const chosen =
    takers.find((input) => input.name === focused) ??
    candidates.find((input) => !isFileValue(values[input.name])) ??
    (candidates.length === 1 ? candidates[0] : undefined);
  return chosen?.name ?? null;
}
