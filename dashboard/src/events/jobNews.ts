import type { Job, JobStatus } from "~/api/types";

/** One line of a job's log; `at` is Unix time in seconds. */
export interface LogLine {
  at: number;
  text: string;
  source?: string;
}

/** A file that a job has made already; its link comes with the job itself. */
interface NewsOutput {
  node_id: string;
  filename: string;
  content_type: string;
  size: number;
}

interface NewsError {
  code: string;
  message: string;
  details?: Record<string, unknown>;
}

/** What is known of a job from its events. */
export interface JobNews {
  status: JobStatus | null;
  attempt: number;
  /** How far the whole job is, from 0 to 1; null before it has said so. */
  fraction: number | null;
  /** The node that runs, or ran last. */
  node: { id: string; title: string; value: number; max: number } | null;
  /** How many nodes are done, and of how many. */
  done: number;
  total: number;
  /** The nodes that ran before the current one, as far as they were named. */
  passed: string[];
  /** The newest preview, as a data URL. */
  preview: string | null;
  /** The newest lines, `MOST_LINES` at most. */
  lines: LogLine[];
  outputs: NewsOutput[];
  error: NewsError | null;
  /** False while the connection is lost and being made again. */
  connected: boolean;
}

/** An event as it came: its kind, and its data as JSON text. */
export interface RawEvent {
  kind: string;
  data: string;
}

export const KINDS = ["status", "log", "progress", "preview", "output"] as const;
export const MOST_LINES = 5_000;

export const NO_NEWS: JobNews = {
  status: null,
  attempt: 0,
  fraction: null,
  node: null,
  done: 0,
  total: 0,
  passed: [],
  preview: null,
  lines: [],
  outputs: [],
  error: null,
  connected: true,
};

export function isFinal(status: JobStatus | null | undefined): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled";
}

/** Take in a batch of events. Only the newest preview is read at all: they are large and soon outdated. */
export function withEvents(news: JobNews, events: RawEvent[]): JobNews {
  const next: JobNews = { ...news };
  const lines: LogLine[] = [];
  const lastPreview = events.findLastIndex((event) => event.kind === "preview");
  events.forEach((event, index) => {
    if (event.kind === "preview" && index !== lastPreview) return;
    const data = parsed(event.data);
    if (!data) return;
    if (event.kind === "log") lines.push(lineOf(data));
    else TAKERS[event.kind]?.(next, data);
  });
  if (lines.length) next.lines = [...news.lines, ...lines].slice(-MOST_LINES);
  return next;
}

/** Take in the job itself, where its events can't be had. */
export function withJob(news: JobNews, job: Job): JobNews {
  const ended = isFinal(job.status);
  return {
    ...news,
    status: job.status,
    attempt: job.attempt,
    fraction: job.status === "succeeded" ? 1 : news.fraction,
    preview: ended ? null : news.preview,
    outputs: job.outputs ?? news.outputs,
    error: job.error ?? null,
  };
}

type Data = Record<string, unknown>;
type Taker = (news: JobNews, data: Data) => void;

const TAKERS: Record<string, Taker> = {
  status: takeStatus,
  progress: takeProgress,
  preview: takePreview,
  output: takeOutput,
};

function takeStatus(news: JobNews, data: Data): void {
  const attempt = count(data.attempt);
  const begun = data.status === "queued" || attempt !== news.attempt;
  if (begun)
    Object.assign(news, { fraction: null, node: null, done: 0, total: 0, passed: [], preview: null, outputs: [] });
  news.status = data.status as JobStatus;
  news.attempt = attempt;
  news.error = (data.error as NewsError | undefined) ?? null;
  if (isFinal(news.status)) news.preview = null;
  if (news.status === "succeeded") news.fraction = 1;
}

function takeProgress(news: JobNews, data: Data): void {
  const id = text(data.node_id);
  const left = news.node?.id;
  if (left && left !== id && !news.passed.includes(left)) news.passed = [...news.passed, left];
  news.node = id ? { id, title: text(data.title) || id, value: count(data.value), max: count(data.max) } : null;
  news.done = count(data.done);
  news.total = count(data.total);
  news.fraction = Math.min(Math.max(count(data.fraction), 0), 1);
}

function takePreview(news: JobNews, data: Data): void {
  if (!isFinal(news.status)) news.preview = `data:${text(data.content_type)};base64,${text(data.data)}`;
}

function takeOutput(news: JobNews, data: Data): void {
  const output = {
    node_id: text(data.node_id),
    filename: text(data.filename),
    content_type: text(data.content_type),
    size: count(data.size),
  };
  const known = news.outputs.some((had) => had.filename === output.filename && had.node_id === output.node_id);
  if (!known) news.outputs = [...news.outputs, output];
}

function lineOf(data: Data): LogLine {
  return { at: count(data.at), text: text(data.text), source: text(data.source) || undefined };
}

function parsed(data: string): Data | null {
  try {
    const value: unknown = JSON.parse(data);
    return value !== null && typeof value === "object" ? (value as Data) : null;
  } catch {
    return null;
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
