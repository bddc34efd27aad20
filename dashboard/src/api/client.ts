import createClient, { type Middleware } from "openapi-fetch";
import { ApiError, type ErrorBody, unreachable } from "./errors";
import { writeExact } from "./exactJson";
import type { paths } from "./schema";

/** The header that a request relying on the session cookie must have: other sites can't set it. */
export const CSRF = { "X-ViewComfy-CSRF": "1" } as const;

const mustSucceed: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(CSRF)) request.headers.set(name, value);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return undefined;
    throw await errorOf(response);
  },
  onError({ error }) {
    return error instanceof ApiError ? error : unreachable(error);
  },
};

// The numbers of a workflow that was read exactly are sent as they were written.
const client = createClient<paths>({ baseUrl: location.origin, bodySerializer: (body: unknown) => writeExact(body) });
client.use(mustSucceed);

/** The typed API. Every answer that is not a success is thrown as an ApiError, so `data` is there. */
export const api = client;

/** Return the error that an answer carries; one that is not JSON (a proxy's page, say) gets words of our own. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as Partial<ErrorBody> | null;
  const known = body && typeof body.code === "string" && typeof body.detail === "string";
  const fallback: ErrorBody = {
    code: `http_${response.status}`,
    detail: `${response.status} ${response.statusText}`.trim(),
  };
  return new ApiError(response.status, known ? (body as ErrorBody) : fallback);
}

/** Return what an answer holds; for calls whose success always has a body. */
export function must<T>(answer: { data?: T }): NonNullable<T> {
  if (answer.data === undefined || answer.data === null) throw new TypeError("The answer is empty.");
  return answer.data as NonNullable<T>;
}
