import { useEffect, useRef, useState } from "react";
import type { JobStatus } from "~/api/types";
import { followJob } from "./followJob";
import { type JobNews, NO_NEWS } from "./jobNews";

interface Options {
  /** Called once, when the job has its final status: time to fetch it, with the links of its outputs. */
  onEnd?: (status: JobStatus) => void;
}

/** The live news of a job, until it ends; renders ten times a second at most. Null follows nothing. */
export function useJobNews(promptId: string | null, { onEnd }: Options = {}): JobNews {
  const [told, setTold] = useState<{ promptId: string | null; news: JobNews }>({ promptId, news: NO_NEWS });
  const ended = useRef(onEnd);
  useEffect(() => {
    ended.current = onEnd;
  });
  useEffect(() => {
    if (promptId === null) return undefined;
    return followJob(
      promptId,
      (news) => setTold({ promptId, news }),
      (status) => ended.current?.(status),
    );
  }, [promptId]);
  return told.promptId === promptId ? told.news : NO_NEWS;
}

export type { JobNews, LogLine } from "./jobNews";
