// --- what every client of a deployment has ----------------------------------------------------------------------------

/** A file: a Blob or File, its bytes, or text: a `data:` URL, or an `https:` URL where the server allows that host. */
export type FileInput = Blob | ArrayBuffer | Uint8Array | string;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JobStatus = "queued" | "running" | "succeeded" | "failed" | "canceled";

/** A file that a job made; `url` is a signed link that works without a key until `expires_at` (Unix seconds). */
export interface Output {
  filename: string;
  content_type: string;
  size: number;
  url: string;
  expires_at: number;
  node_id: string;
}

/** Why a job failed. */
export interface JobError {
  code: string;
  message: string;
  details?: { [key: string]: Json };
}

/** A job. Times are Unix seconds; `position` counts the jobs before it in the queue. */
export interface Job {
  prompt_id: string;
  deployment: string;
  version: number;
  status: JobStatus;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  execution_time_seconds: number | null;
  attempt: number;
  position: number | null;
  error: JobError | null;
  outputs: Output[];
}

/** One piece of live news of a job; `at` is Unix time in seconds. */
export type JobEvent =
  | { kind: "status"; at: number; status: JobStatus; attempt?: number; error?: JobError }
  | { kind: "log"; at: number; text: string; source: string }
  | {
      kind: "progress";
      at: number;
      node_id: string | null;
      title: string;
      value: number;
      max: number;
      done: number;
      total: number;
      /** Of the whole job, from 0 to 1. */
      fraction: number;
    }
  | { kind: "preview"; at: number; node_id: string | null; content_type: string; data: string }
  | { kind: "output"; at: number; node_id: string; filename: string; content_type: string; size: number };

/** One thing that is wrong with the inputs of a call. */
export interface Problem {
  input?: string;
  message?: string;
  [key: string]: Json | undefined;
}

/** What went wrong: `code` is stable, `status` the HTTP status, `problems` names each input that is wrong. */
export class ViewComfyError extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string | undefined;
  readonly problems: Problem[];
  readonly promptId: string | undefined;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    facts: { code: string; status: number; hint?: string; problems?: Problem[]; promptId?: string; retryAfter?: number },
  ) {
    super(facts.hint ? `${message} ${facts.hint}` : message);
    this.name = "ViewComfyError";
    this.code = facts.code;
    this.status = facts.status;
    this.hint = facts.hint;
    this.problems = facts.problems ?? [];
    this.promptId = facts.promptId;
    this.retryAfter = facts.retryAfter;
  }
}

export interface ClientOptions {
  /** A key of the server. */
  clientId?: string;
  clientSecret?: string;
  /** In place of a key: a bearer token. */
  token?: string;
  /** The server's URL. */
  server?: string;
  /** Run this version of the deployment instead of its current one. */
  version?: number;
  /** Seconds that a wait bears a server that cannot be reached; 60 without it. */
  patience?: number;
  fetch?: typeof fetch;
}

export interface RunOptions {
  /** A UUID of yours: sent again, it finds the same job. One is made without it. */
  promptId?: string;
  signal?: AbortSignal;
}

export interface WaitOptions {
  /** Called with every event, live; what it throws ends the wait. */
  onEvent?: (event: JobEvent) => void;
  signal?: AbortSignal;
}

const TRIES = 4;
const LAST_TRIES = 3;
const LONGEST_PAUSE = 8_000;
const SILENCE = 60_000;
const KINDS = ["status", "log", "progress", "preview", "output"];

/** Runs one deployment, waits for its jobs and fetches what they made. */
export class DeploymentClient<Inputs extends object> {
  readonly deployment: string;
  readonly server: string;
  readonly #options: ClientOptions;

  constructor(deployment: string, server: string, options: ClientOptions) {
    this.deployment = deployment;
    this.server = (options.server ?? server).replace(/\/+$/, "");
    this.#options = options;
  }

  /** Submit a run and return its job without waiting for it. */
  async run(inputs: Inputs, options: RunOptions = {}): Promise<Job> {
    const form = formOf(inputs, options.promptId ?? uuid4());
    const version = this.#options.version === undefined ? "" : `?version=${this.#options.version}`;
    const path = `/d/${encodeURIComponent(this.deployment)}/run${version}`;
    for (let tried = 1; ; tried++) {
      try {
        // the form names its job, so that sending it again makes no second one
        return (await this.#json(path, { method: "POST", body: form }, options.signal)) as Job;
      } catch (error) {
        if (!isPassing(error) || tried === TRIES) throw error;
        await pause(Math.max(backoff(tried), (error.retryAfter ?? 0) * 1000), options.signal);
      }
    }
  }

  /** Run, wait for the end and return the job with its outputs; throws what the job failed with. */
  async infer(inputs: Inputs, options: RunOptions & WaitOptions = {}): Promise<Job> {
    const job = await this.run(inputs, options);
    return this.wait(job.prompt_id, options);
  }

  /** Wait until a job has ended, over any broken connection, and return it; throws what it failed with. */
  async wait(promptId: string, options: WaitOptions = {}): Promise<Job> {
    const patience = (this.#options.patience ?? 60) * 1000;
    const reader = new EventReader();
    let contact = Date.now();
    let missing = options.onEvent ? LAST_TRIES : 0;
    for (let fruitless = 1; ; fruitless++) {
      const seen = reader.last;
      try {
        if (await this.#follow(promptId, reader, options)) missing = 0;
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
      try {
        const job = await this.job(promptId, options); // a stream may break at any time: what a poll says is the truth
        // news told since the stream broke are still to be had
        if (isFinal(job.status) && missing-- <= 0) return succeeded(job);
        contact = Date.now();
      } catch (error) {
        if (!isPassing(error) || Date.now() - contact > patience) throw error;
      }
      if (reader.last !== seen) fruitless = 1;
      await pause(backoff(fruitless), options.signal);
    }
  }

  /** Return what the server knows of a job now, with fresh links to its outputs. */
  async job(promptId: string, options: { signal?: AbortSignal } = {}): Promise<Job> {
    return (await this.#json(jobPath(promptId), {}, options.signal)) as Job;
  }

  /** Cancel a job and return its status: one that has ended stays as it is. */
  async cancel(promptId: string, options: { signal?: AbortSignal } = {}): Promise<JobStatus> {
    const answer = (await this.#json(`${jobPath(promptId)}/cancel`, { method: "POST" }, options.signal)) as { status: JobStatus };
    return answer.status;
  }

  /** Fetch the bytes of an output. For a large one, stream its `url` instead: it needs no key. */
  async download(output: Output, options: { signal?: AbortSignal } = {}): Promise<Blob> {
    const answer = await this.#fetch(output.url.startsWith("/") ? this.server + output.url : output.url, {}, options.signal);
    try {
      return await answer.blob();
    } catch (fault) {
      throw unreachable(fault, this.server, options.signal);
    }
  }

  /** Hand on the events that come until the stream ends, breaks or falls silent; tell whether that was the last of them. */
  async #follow(promptId: string, reader: EventReader, options: WaitOptions): Promise<boolean> {
    options.signal?.throwIfAborted();
    const headers: { [name: string]: string } = { Accept: "text/event-stream", ...this.#credentials() };
    if (reader.last) headers["Last-Event-ID"] = reader.last;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    let silence = setTimeout(end, SILENCE);
    let over = false;
    options.signal?.addEventListener("abort", end);
    try {
      const answer = await this.#fetch(`${this.server}${jobPath(promptId)}/events`, { headers }, ending.signal, options.signal);
      const chunks = answer.body?.getReader();
      over = answer.status === 204; // it had ended before
      reader.begin();
      while (chunks && !over) {
        const chunk = await chunks.read().then(
          (read) => read.value,
          () => undefined, // broken: whoever waits comes back
        );
        if (!chunk) break;
        clearTimeout(silence); // heartbeats count too
        silence = setTimeout(end, SILENCE);
        for (const event of reader.feed(chunk)) {
          options.onEvent?.(event);
          over ||= event.kind === "status" && isFinal(event.status);
        }
      }
    } finally {
      clearTimeout(silence);
      options.signal?.removeEventListener("abort", end);
      end();
    }
    options.signal?.throwIfAborted();
    return over;
  }

  #credentials(): { [name: string]: string } {
    const { clientId, clientSecret, token } = this.#options;
    if (clientId !== undefined) return { client_id: clientId, client_secret: clientSecret ?? "" };
    return token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }

  async #json(path: string, init: RequestInit, signal?: AbortSignal): Promise<unknown> {
    const answer = await this.#fetch(this.server + path, { ...init, headers: this.#credentials() }, signal);
    try {
      return await answer.json();
    } catch (fault) {
      throw unreachable(fault, this.server, signal);
    }
  }

  async #fetch(url: string, init: RequestInit, signal?: AbortSignal, callers = signal): Promise<Response> {
    let answer: Response;
    try {
      answer = await (this.#options.fetch ?? fetch)(url, { ...init, signal: signal ?? null });
    } catch (fault) {
      throw unreachable(fault, this.server, callers);
    }
    if (!answer.ok) throw await errorOf(answer);
    return answer;
  }
}

/** Server-sent events out of chunks of bytes, cut anywhere. */
class EventReader {
  /** The id of the last event that has one. */
  last = "";
  #decoder = new TextDecoder();
  #rest = "";

  /** Forget half an event of a stream that broke. */
  begin(): void {
    this.#decoder = new TextDecoder();
    this.#rest = "";
  }

  /** Return the events that this chunk completes. */
  feed(chunk: Uint8Array): JobEvent[] {
    const blocks = (this.#rest + this.#decoder.decode(chunk, { stream: true })).replace(/\r\n/g, "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => this.#event(block));
  }

  #event(block: string): JobEvent[] {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name) fields.set(name, value);
    }
    const kind = fields.get("event") ?? "";
    const id = fields.get("id") ?? "";
    if (!KINDS.includes(kind) || (id !== "" && Number(id) <= Number(this.last))) return [];
    try {
      const event = { ...(JSON.parse(fields.get("data") ?? "") as object), kind } as JobEvent;
      this.last = id || this.last;
      return [event];
    } catch {
      return [];
    }
  }
}

/** Values go as JSON, files as parts that bear the names of their inputs. */
function formOf(inputs: object, promptId: string): FormData {
  const values: { [name: string]: unknown } = {};
  const files: [string, Blob][] = [];
  for (const [name, value] of Object.entries(inputs) as [string, unknown][]) {
    if (value instanceof Blob) files.push([name, value]);
    else if (value instanceof ArrayBuffer) files.push([name, new Blob([value])]);
    else if (value instanceof Uint8Array) files.push([name, new Blob([new Uint8Array(value)])]);
    else if (value !== undefined && value !== null) values[name] = value;
  }
  const form = new FormData();
  // JSON has no bigint; the server takes a number as text too
  form.append("params", JSON.stringify(values, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value)));
  form.append("prompt_id", promptId);
  for (const [name, file] of files) form.append(name, file, file instanceof File ? file.name : "upload");
  return form;
}

/** Tell whether the same call may well succeed a little later. */
function isPassing(error: unknown): error is ViewComfyError {
  return error instanceof ViewComfyError && (error.status === 429 || error.status === 503 || error.code === "server_unavailable");
}

function isFinal(status: JobStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled";
}

function succeeded(job: Job): Job {
  if (job.status === "succeeded") return job;
  const code = job.error?.code ?? (job.status === "canceled" ? "canceled" : "run_failed");
  const message = job.error?.message ?? `Job ${job.prompt_id} ended as ${job.status}.`;
  throw new ViewComfyError(message, { code, status: code === "canceled" ? 409 : code === "timed_out" ? 504 : 502, promptId: job.prompt_id });
}

/** Return the error that an answer tells of: by its body, or by its status where that is a proxy's. */
async function errorOf(answer: Response): Promise<ViewComfyError> {
  const asked = Number.parseFloat(answer.headers.get("retry-after") ?? "");
  const wait = Number.isFinite(asked) ? { retryAfter: asked } : {};
  const body = (await answer.json().catch(() => ({}))) as {
    code?: string;
    detail?: string;
    hint?: string;
    problems?: Problem[];
    prompt_id?: string;
  } | null;
  if (typeof body?.code !== "string" || typeof body.detail !== "string") {
    const code = answer.status >= 500 ? "server_unavailable" : "bad_input";
    return new ViewComfyError(`The server answered with status ${answer.status}.`, { code, status: answer.status, ...wait });
  }
  const facts = { code: body.code, status: answer.status, problems: body.problems ?? [], ...wait };
  const { hint, prompt_id: promptId } = body;
  return new ViewComfyError(body.detail, { ...facts, ...(hint ? { hint } : {}), ...(promptId ? { promptId } : {}) });
}

/** Return the error of a connection that failed, or what the caller gave as the reason to end it. */
function unreachable(fault: unknown, server: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason as unknown;
  const why = fault instanceof Error ? fault.message : String(fault);
  return new ViewComfyError(`The server at ${server} cannot be reached: ${why}.`, { code: "server_unavailable", status: 503 });
}

function jobPath(promptId: string): string {
  return `/api/jobs/${encodeURIComponent(promptId)}`;
}

function backoff(tried: number): number {
  return Math.min(LONGEST_PAUSE, 250 * 2 ** (tried - 1)) * (0.5 + Math.random() / 2);
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as unknown);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Pages without https have no crypto.randomUUID. */
function uuid4(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes.set([((bytes[6] ?? 0) & 15) | 64], 6);
  bytes.set([((bytes[8] ?? 0) & 63) | 128], 8);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
