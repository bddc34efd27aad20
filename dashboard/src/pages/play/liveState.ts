import type { Job, JobStatus } from "~/api/types";
import type { JobNews } from "~/events/jobNews";

export interface LiveState {
  status: JobStatus;
  fraction: number | null;
  /** What is told while there is nothing to see yet. */
  waitingFor: "queued" | "next" | "starting" | "started" | "running";
  /** How many jobs are before it. */
  before: number;
  /** The last thing that its log said, while that tells more than the progress. */
  line: string;
  /** The node that runs, with its own steps. */
  node: string;
}

/** Return what a card shows of a job that has not ended: its stream knows more than the last poll, where it has told anything. */
export function liveState(job: Job, news: JobNews): LiveState {
  const status = news.status === "queued" || news.status === "running" ? news.status : job.status;
  const waiting = waitingFor(status, job.position ?? null, news);
  return {
    status,
    fraction: news.fraction,
    waitingFor: waiting,
    before: job.position ?? 0,
    line: waiting === "starting" || waiting === "started" ? (news.lines.at(-1)?.text.trim() ?? "") : "",
    node: nodeText(news),
  };
}

function waitingFor(status: JobStatus, position: number | null, news: JobNews): LiveState["waitingFor"] {
  if (status === "queued") return position ? "queued" : "next";
  if (news.node) return "running";
  return isStarting(news) ? "starting" : "started";
}

/** A worker says so in the log of the job that waits for it. */
function isStarting({ lines }: JobNews): boolean {
  const last = lines.findLast(
    ({ text, source }) => source === "viewcomfy" && /ComfyUI .*…|ComfyUI is ready/.test(text),
  );
  return last?.text.endsWith("…") ?? false;
}

function nodeText({ node }: JobNews): string {
  if (!node) return "";
  return node.max > 1 ? `${node.title} (${node.value}/${node.max})` : node.title;
}
