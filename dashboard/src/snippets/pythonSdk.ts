import { type Call, filesOf, type Sent } from "./call";
import { python } from "./quote";

const KEYWORD = /^[a-z][a-z0-9_]*$/;
/** What `infer` has for itself, and what Python does. */
const TAKEN = new Set(
  (
    "params workflow_api prompt_id timeout on_log on_event and as assert async await break class continue def del elif else except " +
    "finally for from global if import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

/** Return Python that runs the deployment through our SDK and saves what it made. */
export function pythonSdk(call: Call): string {
  const imports = [...(call.key ? [] : ["import os"]), ...(filesOf(call).length ? ["from pathlib import Path"] : [])];
  return [
    "# pip install viewcomfy",
    ...imports,
    ...(imports.length ? [""] : []),
    "from viewcomfy import Client",
    "",
    "with Client(",
    `    ${python(call.server)},`,
    `    client_id=${credential(call, "client_id")},`,
    `    client_secret=${credential(call, "client_secret")},`,
    ") as client:",
    `    deployment = client.deployment(${python(call.deployment)})`,
    `    result = deployment.infer(${args(call.sent)})`,
    '    for path in result.save("out"):',
    "        print(path)",
    "",
  ].join("\n");
}

/** Return how Python gets a part of the key: written out, or from the environment. */
export function credential({ key }: Call, part: "client_id" | "client_secret"): string {
  return key ? python(key[part]) : `os.environ["VIEWCOMFY_${part.toUpperCase()}"]`;
}

function args(sent: Sent[]): string {
  if (!sent.length) return "";
  if (sent.every(({ input }) => KEYWORD.test(input.name) && !TAKEN.has(input.name))) {
    return `\n${sent.map((one) => `        ${one.input.name}=${value(one)},\n`).join("")}    `;
  }
  return `\n        {\n${sent.map((one) => `            ${python(one.input.name)}: ${value(one)},\n`).join("")}        }\n    `;
}

function value(one: Sent): string {
  return "file" in one ? `Path(${python(one.file)})` : python(one.value);
}
