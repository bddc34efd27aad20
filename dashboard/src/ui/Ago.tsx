import { useInterval } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ago, fullTime } from "./time";

/** How long ago a Unix time was, kept up to date; the whole time on hover. */
export function Ago({ at }: { at: number }) {
  const { i18n } = useTranslation();
  const [, tick] = useState(0);
  useInterval(() => tick((count) => count + 1), 15_000, { autoInvoke: true });
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={fullTime(at, i18n.language)}>
      {ago(at, i18n.language)}
    </time>
  );
}
