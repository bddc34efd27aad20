import { Spoiler, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "~/api/types";
import { usePlay } from "./PlayContext";
import { asides, headline } from "./params";
import classes from "./Results.module.css";

/** What a job was sent: its prompt, and what was not as it is by default. */
export function JobAbout({ detail }: { detail: JobDetail | undefined }) {
  const { t } = useTranslation("play");
  const { inputs } = usePlay();
  if (!detail) return <Text size="sm">&nbsp;</Text>;
  const main = headline(inputs, detail);
  const more = asides(inputs, detail.inputs ?? {})
    .map(([label, value]) => `${label} ${value}`)
    .join(" · ");
  return (
    <div>
      {main && (
        <Spoiler
          maxHeight={44}
          showLabel={t("more")}
          hideLabel={t("less")}
          fz="sm"
          classNames={{ control: classes.more }}
        >
          <Text size="sm" className="break" style={{ whiteSpace: "pre-line" }}>
            {main}
          </Text>
        </Spoiler>
      )}
      {more && (
        <Text size="xs" c="dimmed" lineClamp={2} className="break" title={more}>
          {more}
        </Text>
      )}
    </div>
  );
}
