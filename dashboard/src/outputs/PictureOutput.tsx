import { UnstyledButton } from "@mantine/core";
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

/** A picture: whole, or as a square tile. */
export function PictureOutput({ output, onOpen, compact, onGone }: Props) {
  const { t } = useTranslation("play");
  const picture = (
    <img
      src={fileUrl(output.url)}
      alt={output.filename}
      loading="lazy"
      decoding="async"
      onError={onGone}
      className={compact ? classes.tile : classes.whole}
    />
  );
  if (!onOpen) return picture;
  return (
    <UnstyledButton
      onClick={onOpen}
      className={classes.opener}
      aria-label={t("output.open", { name: output.filename })}
    >
      {picture}
    </UnstyledButton>
  );
}
