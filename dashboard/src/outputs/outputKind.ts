import type { Output } from "~/api/types";

/** How an output is shown. */
type OutputKind = "image" | "video" | "audio" | "text" | "model" | "file";

const BROWSERS_SHOW = /^image\/(png|jpeg|webp|gif|avif|bmp|svg\+xml)$/;
const BROWSERS_PLAY = /^video\/(mp4|webm|quicktime|x-matroska|ogg)$/;
const TEXTS = new Set(["application/json", "application/x-subrip"]);
const MODELS = /\.(glb|gltf|obj|stl|ply|fbx|splat|spz|ksplat|usdz)$/i;

type Named = Pick<Output, "filename" | "content_type">;

/** Return how an output is shown: what browsers can't show is a file to download. */
export function outputKind({ filename, content_type }: Named): OutputKind {
  const type = content_type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (BROWSERS_SHOW.test(type)) return "image";
  if (BROWSERS_PLAY.test(type)) return "video";
  if (type.startsWith("audio/")) return "audio";
  if (type.startsWith("model/") || MODELS.test(filename)) return "model";
  if (type.startsWith("text/") || TEXTS.has(type)) return "text";
  return "file";
}

/** Tell whether an output can be looked at large. */
export function isVisual(output: Named): boolean {
  const kind = outputKind(output);
  return kind === "image" || kind === "video";
}

/** Return the end of a file name in capitals, such as "GLB"; empty where it has none. */
export function suffixOf(filename: string): string {
  return /\.([a-z0-9]{1,8})$/i.exec(filename)?.[1]?.toUpperCase() ?? "";
}
