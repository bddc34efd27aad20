import { api, CSRF, errorOf, must } from "./client";
import { unreachable } from "./errors";
import { parseDigits } from "./exactJson";
import { queryClient } from "./queryClient";
import type { Job, JobDetail } from "./types";

const TRIES = 3;

/** The key of a job in the cache: by its side, because here seeds keep all of their digits. */
export const jobKey = (promptId: string) => ["job", promptId, "exact"];

/** Fetch a job with its inputs. */
export async function fetchJob(promptId: string): Promise<JobDetail> {
  const path = { prompt_id: promptId };
  const answer = await api.GET("/api/jobs/{prompt_id}", { params: { path }, parseAs: "text" });
  return parseDigits(must<string>(answer)) as JobDetail;
}

/** Return a job with its inputs, from the cache where it is there. */
export function jobDetail(promptId: string): Promise<JobDetail> {
  return queryClient.fetchQuery({
    queryKey: jobKey(promptId),
    queryFn: () => fetchJob(promptId),
    staleTime: ({ state }) => (state.data ? Infinity : 0),
  });
}

/**
 * Run a deployment and return the job that was accepted. The prompt_id is ours, so that the call can be repeated where its answer was lost.
 * Throws ApiError.
 */
export async function submit(name: string, form: FormData): Promise<Job> {
  form.set("prompt_id", newId());
  for (let tried = 1; ; tried += 1) {
    try {
      return await send(name, form);
    } catch (fault) {
      if (tried >= TRIES || !(fault instanceof TypeError))
        throw fault instanceof TypeError ? unreachable(fault) : fault;
      await new Promise((resolve) => setTimeout(resolve, 700 * tried));
    }
  }
}

async function send(name: string, form: FormData): Promise<Job> {
  const response = await fetch(`/d/${encodeURIComponent(name)}/run`, { method: "POST", headers: CSRF, body: form });
  if (!response.ok) throw await errorOf(response);
  return (await response.json()) as Job;
}

/** crypto.randomUUID is kept from pages that came over plain HTTP from another machine. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
