import { Box, Image, Text } from "@mantine/core";
import { IconFile } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "./FilePreview.module.css";
import { useObjectUrl } from "./useObjectUrl";
import type { FileValue } from "./values";

interface Props {
  value: FileValue;
  /** The image could be shown, so it can be painted on. */
  onShown: (shown: boolean) => void;
}

/** What a chosen file looks or sounds like, as far as the browser can show it. */
export function FilePreview({ value: { file, mask }, onShown }: Props) {
  const { t } = useTranslation("form");
  const url = useObjectUrl(file);
  const [unreadable, setUnreadable] = useState<File>();
  const name = t("file.preview", { name: file.name });
  if (!url || unreadable === file) return <Unseen />;
  const giveUp = () => {
    setUnreadable(file);
    onShown(false);
  };
  if (file.type.startsWith("image/"))
    return (
      <Box className={classes.picture}>
        <Image src={url} alt={name} mah={240} fit="contain" onLoad={() => onShown(true)} onError={giveUp} />
        {mask && <MaskOver mask={mask} />}
      </Box>
    );
  if (file.type.startsWith("video/"))
    return (
      // biome-ignore lint/a11y/useMediaCaption: it is the visitor's own video, there are no captions
      <video src={url} controls playsInline className={classes.video} aria-label={name} onError={giveUp} />
    );
  if (file.type.startsWith("audio/"))
    return (
      // biome-ignore lint/a11y/useMediaCaption: it is the visitor's own recording, there are no captions
      <audio src={url} controls className={classes.audio} aria-label={name} onError={giveUp} />
    );
  return <Unseen />;
}

function Unseen() {
  return (
    <Text c="dimmed" ta="center" p="md" aria-hidden>
      <IconFile size={40} stroke={1.2} />
    </Text>
  );
}

function MaskOver({ mask }: { mask: File }) {
  const url = useObjectUrl(mask);
  if (!url) return null;
  return <Box className={classes.mask} style={{ maskImage: `url("${url}")` }} aria-hidden />;
}
