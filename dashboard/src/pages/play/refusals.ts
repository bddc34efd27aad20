import type { ApiError } from "~/api/errors";

/** What a refused run means for who pressed the button. */
export type Refusal =
  | "queueFull"
  | "keyLimit"
  | "signedOut"
  | "notAllowed"
  | "noBackend"
  | "unreachable"
  | "invalid"
  | "other";

const BY_CODE: Record<string, Refusal> = {
  queue_full: "queueFull",
  key_limit: "keyLimit",
  key_not_allowed: "notAllowed",
  no_backend: "noBackend",
  comfyui_not_found: "noBackend",
};

/** Return what kind of refusal an error is. */
export function refusalOf(error: ApiError): Refusal {
  const known = BY_CODE[error.code];
  if (known) return known;
  if (error.status === 401) return "signedOut";
  if (error.status === 0 && error.code === "unreachable") return "unreachable";
  return error.status === 422 && error.problems.length > 0 ? "invalid" : "other";
}

/** Why there is no way in. */
export type Barrier = "none" | "expired" | "revoked" | "wrong" | "elsewhere";

/** Return why an error keeps the page from being shown; null where it is of another kind. */
export function barrierOf(error: ApiError): Barrier | null {
  if (error.code === "expired_key") return "expired";
  if (error.code === "revoked_key") return "revoked";
  if (error.code === "key_not_allowed") return "elsewhere";
  if (error.code === "no_session" || error.code === "missing_key") return "none";
  return error.status === 401 ? "wrong" : null;
}
