import { describe, expect, it } from "vitest";
import { ApiError, unreachable } from "~/api/errors";
import { barrierOf, refusalOf } from "./refusals";

const error = (status: number, code: string, problems: { input: string }[] = []) =>
  new ApiError(status, { code, detail: "No.", problems });

describe("a refused run", () => {
  it.each([
    [error(429, "queue_full"), "queueFull"],
    [error(429, "key_limit"), "keyLimit"],
    [error(401, "revoked_key"), "signedOut"],
    [error(403, "key_not_allowed"), "notAllowed"],
    [error(503, "comfyui_not_found"), "noBackend"],
    [unreachable(new Error()), "unreachable"],
    [error(422, "invalid_params", [{ input: "steps" }]), "invalid"],
    [error(422, "bad_input"), "other"],
    [error(500, "internal_error"), "other"],
  ])("%s is %s", (fault, refusal) => {
    expect(refusalOf(fault)).toBe(refusal);
  });
});

describe("a closed door", () => {
  it.each([
    [error(401, "no_session"), "none"],
    [error(401, "expired_key"), "expired"],
    [error(401, "revoked_key"), "revoked"],
    [error(401, "invalid_key"), "wrong"],
    [error(403, "key_not_allowed"), "elsewhere"],
    [error(404, "unknown_deployment"), null],
  ])("%s is %s", (fault, barrier) => {
    expect(barrierOf(fault)).toBe(barrier);
  });
});
