import { Paper } from "@mantine/core";
import { useIntersection, useMergedRef } from "@mantine/hooks";
import { memo, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { isFinal } from "~/events/jobNews";
import { FinishedJob } from "./FinishedJob";
import { LiveJob } from "./LiveJob";
import { usePlay } from "./PlayContext";
import { headline } from "./params";
import classes from "./Results.module.css";
import { useJobDetail } from "./useJobDetail";
import { useRowSpan } from "./useRowSpan";

interface Props {
  job: Job;
  streamed: boolean;
}

/** One job. What it was sent is fetched when the card comes into view. */
export const JobCard = memo(function JobCard({ job, streamed }: Props) {
  const { t } = useTranslation("play");
  const { inputs } = usePlay();
  const { ref: watched, entry } = useIntersection<HTMLElement>({ rootMargin: "300px" });
  const card = useRef<HTMLElement>(null);
  const ref = useMergedRef(watched, card);
  useRowSpan(card);
  const [seen, setSeen] = useState(false);
  const visible = entry?.isIntersecting ?? false;
  useEffect(() => {
    if (visible) setSeen(true);
  }, [visible]);
  const detail = useJobDetail(job, seen);
  const about = detail.data ? headline(inputs, detail.data) : "";
  return (
    <Paper
      component="article"
      withBorder
      p="sm"
      radius="lg"
      ref={ref}
      className={classes.card}
      aria-label={about || t("job", { id: job.prompt_id.slice(0, 8) })}
    >
      {isFinal(job.status) ? (
        <FinishedJob job={job} detail={detail.data} refresh={() => void detail.refetch()} />
      ) : (
        <LiveJob job={job} detail={detail.data} streamed={streamed} />
      )}
    </Paper>
  );
});
