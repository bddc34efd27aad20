import { ActionIcon, Box, ThemeIcon, Tooltip, UnstyledButton } from "@mantine/core";
import { IconArrowsMaximize, IconPlayerPlayFilled } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Output } from "~/api/types";
import { fileUrl } from "./fileUrl";
import classes from "./OutputView.module.css";

interface Props {
  output: Output;
  onOpen?: () => void;
  compact: boolean;
  onGone: () => void;
}

/** A video with the browser's controls; as a tile it is opened to be played. */
export function VideoOutput({ output, onOpen, compact, onGone }: Props) {
  const { t } = useTranslation("play");
  const label = t("output.open", { name: output.filename });
  if (compact && onOpen) {
    return (
      <UnstyledButton onClick={onOpen} className={classes.opener} aria-label={label}>
        <video
          src={fileUrl(output.url)}
          muted
          playsInline
          preload="metadata"
          onError={onGone}
          className={classes.tile}
          aria-hidden
        />
        <ThemeIcon className={classes.play} size={44} radius="xl" variant="default" aria-hidden>
          <IconPlayerPlayFilled size={20} />
        </ThemeIcon>
      </UnstyledButton>
    );
  }
  return (
    <Box className={classes.framed}>
      {/* biome-ignore lint/a11y/useMediaCaption: what a workflow makes comes without captions */}
      <video
        src={fileUrl(output.url)}
        controls
        loop
        playsInline
        preload="metadata"
        aria-label={output.filename}
        onError={onGone}
        className={classes.video}
      />
      {onOpen && (
        <Tooltip label={label}>
          <ActionIcon className={classes.corner} variant="default" size={32} onClick={onOpen} aria-label={label}>
            <IconArrowsMaximize size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </Box>
  );
}
