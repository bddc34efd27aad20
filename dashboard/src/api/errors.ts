/** An error as every route answers it; see docs/errors.md. */
export interface ErrorBody {
  code: string;
  detail: string;
  hint?: string | null;
  problems?: Problem[];
  details?: Record<string, unknown>;
  prompt_id?: string | null;
}

/** One of several things that are wrong with a request. */
export interface Problem {
  input?: string;
  message?: string;
  [more: string]: unknown;
}

/** What the server refused, or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.detail);
    this.name = "ApiError";
  }

  get code(): string {
    return this.body.code;
  }

  get hint(): string | undefined {
    return this.body.hint ?? undefined;
  }

  get problems(): Problem[] {
    return this.body.problems ?? [];
  }
}

/** Return the error for a request that got no answer at all. */
export function unreachable(cause: unknown): ApiError {
  const error = new ApiError(0, { code: "unreachable", detail: "The server can't be reached." });
  error.cause = cause;
  return error;
}

/** Return any fault as an ApiError, so that it can be shown. */
export function asApiError(fault: unknown): ApiError {
  if (fault instanceof ApiError) return fault;
  return new ApiError(0, { code: "client", detail: fault instanceof Error ? fault.message : String(fault) });
}
