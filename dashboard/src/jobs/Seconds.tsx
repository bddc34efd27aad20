import { useEffect, useState } from "react";
import type { Job } from "~/api/types";
import { isFinal } from "~/events/jobNews";
import { duration } from "~/ui/time";
import { type JobTimes, jobTimes } from "./jobTimes";

/** One of a job's times; of a job that is under way, it goes on while one looks. */
export function Seconds({ job, of }: { job: Job; of: keyof JobTimes }) {
  const ticking = !isFinal(job.status) && (of !== "queue" || job.started_at === null);
  const seconds = jobTimes(job, useNow(ticking))[of];
  return <span style={{ whiteSpace: "nowrap" }}>{seconds === null ? "–" : duration(seconds)}</span>;
}

/** The time in Unix seconds, every second anew while it is wanted. */
export function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!ticking) return undefined;
    setNow(Date.now() / 1000);
    const clock = setInterval(() => setNow(Date.now() / 1000), 1_000);
    return () => clearInterval(clock);
  }, [ticking]);
  return now;
}
