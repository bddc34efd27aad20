/** What well-known inputs take, whatever the node: enough to colour most links without asking a ComfyUI. */
const BY_INPUT: [RegExp, string][] = [
  [/^(model|unet)\d*$|_model$/, "MODEL"],
  [/^clip_vision(_output)?$/, "CLIP_VISION"],
  [/^clip\d*$|_clip$/, "CLIP"],
  [/vae$/, "VAE"],
  [/^(positive|negative|conditioning(_\w+)?|cond\w*)\d*$/, "CONDITIONING"],
  [/^(samples?|latents?(_\w+)?|latent_image|samples_\w+)\d*$/, "LATENT"],
  [/mask\d*$/, "MASK"],
  [/^(images?|pixels|\w+_image|image_\w+|frames)\d*$/, "IMAGE"],
  [/^control_net$/, "CONTROL_NET"],
  [/audio\d*$/, "AUDIO"],
  [/video\d*$/, "VIDEO"],
  [/^(noise|sampler|sigmas|guider)$/, "SAMPLING"],
];

const BY_OUTPUT: Record<string, string[]> = {
  CheckpointLoaderSimple: ["MODEL", "CLIP", "VAE"],
  LoraLoader: ["MODEL", "CLIP"],
  LoadImage: ["IMAGE", "MASK"],
};

const COLOURS: Record<string, string> = {
  MODEL: "violet",
  CLIP: "yellow",
  CLIP_VISION: "lime",
  VAE: "red",
  CONDITIONING: "orange",
  LATENT: "pink",
  MASK: "green",
  IMAGE: "blue",
  CONTROL_NET: "teal",
  AUDIO: "cyan",
  VIDEO: "indigo",
  SAMPLING: "grape",
};

/** Return the type of what a link carries, as far as its ends tell; null when they don't. */
export function linkType(input: string, sourceClass: string | undefined, slot: number): string | null {
  const known = sourceClass ? BY_OUTPUT[sourceClass]?.[slot] : undefined;
  if (known) return known;
  const name = input.toLowerCase();
  return BY_INPUT.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Return the colour of a type, as CSS. */
export function typeColour(type: string | null): string {
  const colour = type ? COLOURS[type] : undefined;
  return colour ? `var(--mantine-color-${colour}-6)` : "var(--mantine-color-gray-6)";
}
