import {
  IconBinaryTree,
  IconDecimal,
  IconDice3,
  IconFile,
  IconLetterCase,
  IconListDetails,
  IconMusic,
  IconNumber123,
  IconPhoto,
  IconToggleLeft,
  IconVideo,
} from "@tabler/icons-react";
import type { Input } from "~/api/types";

/** A picture for each kind of input. */
export const KIND_ICONS: Record<Input["kind"], typeof IconFile> = {
  text: IconLetterCase,
  integer: IconNumber123,
  number: IconDecimal,
  boolean: IconToggleLeft,
  choice: IconListDetails,
  seed: IconDice3,
  image: IconPhoto,
  video: IconVideo,
  audio: IconMusic,
  file: IconFile,
  any: IconBinaryTree,
};
