import type { DeploymentDetail, Input } from "~/api/types";
import { exampleFile, exampleValue, isFile } from "./example";

export interface Credentials {
  client_id: string;
  client_secret: string;
}

/** What a call sends for one input: a value, or a file of the caller's. */
export type Sent = { input: Input; value: unknown } | { input: Input; file: string };

/** A call of a deployment, to be written in some language. */
export interface Call {
  deployment: string;
  /** The server's own address, without a slash at its end. */
  server: string;
  /** The URL of the endpoint, and that of `run`. */
  infer: string;
  run: string;
  sent: Sent[];
  /** Written into the code; null reads VIEWCOMFY_CLIENT_ID and VIEWCOMFY_CLIENT_SECRET from the environment. */
  key: Credentials | null;
}

/** Return a call that works as it is: what its form would show, or with `all` every input that may be set. */
export function callOf(
  deployment: Pick<DeploymentDetail, "name" | "url" | "inputs">,
  key: Credentials | null = null,
  all = false,
): Call {
  const shown = deployment.inputs
    .filter((input) => !input.hidden && !input.locked)
    .sort((one, other) => one.order - other.order);
  const chosen = all ? shown : basic(shown);
  return {
    deployment: deployment.name,
    server: deployment.url.replace(/\/d\/[^/]+\/infer$/, ""),
    infer: deployment.url,
    run: deployment.url.replace(/infer$/, "run"),
    sent: chosen.map((input) =>
      isFile(input) ? { input, file: exampleFile(input) } : { input, value: exampleValue(input) },
    ),
    key,
  };
}

/** The files of a call, each once: they must lie where the code runs. */
export function filesOf(call: Call): { file: string; kind: Input["kind"] }[] {
  const files = new Map(call.sent.flatMap((one) => ("file" in one ? [[one.file, one.input.kind]] : [])));
  return [...files].map(([file, kind]) => ({ file, kind }));
}

/** Return the values of a call by name, or by param key. */
export function valuesOf(call: Call, by: "name" | "key" = "name"): Record<string, unknown> {
  return Object.fromEntries(call.sent.flatMap((one) => ("value" in one ? [[one.input[by], one.value]] : [])));
}

/** What must be sent and what a form shows first; where that is nothing, the one input that makes a call its own. */
function basic(shown: Input[]): Input[] {
  const found = shown.filter((input) => input.required || !input.advanced);
  if (found.length) return found;
  const first = ["text", "seed"].map((kind) => shown.find((input) => input.kind === kind)).find(Boolean) ?? shown[0];
  return first ? [first] : [];
}
