import { useState } from "react";
import type { Output } from "~/api/types";
import { AudioOutput } from "./AudioOutput";
import { FileCard } from "./FileCard";
import { outputKind } from "./outputKind";
import { PictureOutput } from "./PictureOutput";
import { TextOutput } from "./TextOutput";
import { VideoOutput } from "./VideoOutput";

interface Props {
  output: Output;
  /** What a click on a picture or video does, such as showing it large. */
  onOpen?: () => void;
  /** As a tile of a grid: cropped, or with little text. */
  compact?: boolean;
  /** The file can't be had: it was removed, or its link has expired. */
  onGone?: () => void;
}

/** An output as what it is: a picture, a video, a sound, a text, or a file to download. */
export function OutputView({ output, onOpen, compact = false, onGone }: Props) {
  const [goneUrl, setGoneUrl] = useState<string | null>(null);
  const kind = outputKind(output);
  const gone = () => {
    setGoneUrl(output.url);
    onGone?.();
  };
  if (goneUrl === output.url) return <FileCard output={output} gone />;
  if (kind === "image") return <PictureOutput output={output} onOpen={onOpen} compact={compact} onGone={gone} />;
  if (kind === "video") return <VideoOutput output={output} onOpen={onOpen} compact={compact} onGone={gone} />;
  if (kind === "audio") return <AudioOutput output={output} onGone={gone} />;
  if (kind === "text") return <TextOutput output={output} compact={compact} />;
  return <FileCard output={output} />;
}
