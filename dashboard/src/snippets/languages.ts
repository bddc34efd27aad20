import type { Call } from "./call";
import { curl } from "./curl";
import { pythonPublished } from "./pythonPublished";
import { pythonSdk } from "./pythonSdk";
import { typescript } from "./typescript";

/** What a call can be written in; each has its name in `deployment:snippets.language`. */
export const LANGUAGES = { curl, python: pythonSdk, published: pythonPublished, typescript } as const;
export type Language = keyof typeof LANGUAGES;

/** Return the code of a call. */
export function written(call: Call, language: Language): string {
  return LANGUAGES[language](call);
}
