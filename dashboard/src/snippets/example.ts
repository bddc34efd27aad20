import type { Input } from "~/api/types";

const TEXT = "a cat in the rain";
const LONGEST = 300;
const SEED = 42;
const FILES: Partial<Record<Input["kind"], string>> = {
  image: "photo.png",
  video: "video.mp4",
  audio: "sound.wav",
  file: "file.bin",
};
const NUMBERS: Input["kind"][] = ["integer", "number", "seed"];

/** Tell whether a file is sent for an input. */
export function isFile(input: Pick<Input, "kind">): boolean {
  return input.kind in FILES;
}

/** Return the name of a file for an input: the one in the workflow where that is plain. */
export function exampleFile({ kind, default: own }: Input): string {
  const plain = typeof own === "string" && /^[A-Za-z0-9][A-Za-z0-9_-]{0,60}\.[A-Za-z0-9]{2,5}$/.test(own);
  return plain ? own : (FILES[kind] ?? "file.bin");
}

/** Return a value that an input takes: its default where that is one. */
export function exampleValue(input: Input): unknown {
  const { kind, default: own, choices } = input;
  if (choices?.length) return choices.some((choice) => choice.value === own) ? own : choices[0]?.value;
  if (kind === "text") return typeof own === "string" && own !== "" ? own.slice(0, LONGEST) : TEXT;
  if (kind === "boolean") return own === true;
  if (NUMBERS.includes(kind)) return exampleNumber(input);
  return own ?? TEXT;
}

/** A number beyond 2^53 has lost digits on its way here, and may lie outside of its limits. */
function exampleNumber({ kind, default: own, minimum, maximum }: Input): number {
  const exact = typeof own === "number" && (!Number.isInteger(own) || Number.isSafeInteger(own));
  const wanted = exact ? own : kind === "seed" ? SEED : 0;
  return Math.max(minimum ?? wanted, Math.min(maximum ?? wanted, wanted));
}
