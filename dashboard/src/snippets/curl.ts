import { type Call, valuesOf } from "./call";
import { shellJson, shellWord } from "./quote";

/** Return a command that runs the deployment and prints the job; files go as parts of a form. */
export function curl(call: Call): string {
  const files = call.sent.flatMap((one) =>
    "file" in one ? [`-F ${shellWord(`${one.input.name}=@${one.file}`)}`] : [],
  );
  const values = valuesOf(call);
  const body = files.length
    ? [...(Object.keys(values).length ? [`--form-string ${shellJson(values, "inputs=")}`] : []), ...files]
    : ["-H 'Content-Type: application/json'", `-d ${shellJson({ inputs: values })}`];
  return [
    `curl ${shellWord(call.run)}`,
    `-H ${header(call, "client_id")}`,
    `-H ${header(call, "client_secret")}`,
    "-H 'Prefer: wait=60'",
    ...body,
  ].join(" \\\n  ");
}

function header({ key }: Call, name: "client_id" | "client_secret"): string {
  return key ? shellWord(`${name}: ${key[name]}`) : `"${name}: $VIEWCOMFY_${name.toUpperCase()}"`;
}
