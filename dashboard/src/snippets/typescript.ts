import { type Call, filesOf, valuesOf } from "./call";
import { javascript } from "./quote";

/** Return TypeScript, which is JavaScript too, that runs the deployment through fetch and saves what it made. */
export function typescript(call: Call): string {
  const files = filesOf(call).length > 0;
  return [
    "// Node 20 or newer: save it as run.mts, then: npx tsx run.mts (as run.mjs: node run.mjs)",
    `import { ${files ? "readFile, " : ""}writeFile } from "node:fs/promises";`,
    "",
    "const key = {",
    `  client_id: ${credential(call, "client_id")},`,
    `  client_secret: ${credential(call, "client_secret")},`,
    "};",
    "",
    ...(files ? form(call) : []),
    `let answer = await fetch(${javascript(call.run)}, {`,
    '  method: "POST",',
    `  headers: { ...key, Prefer: "wait=60"${files ? "" : ', "Content-Type": "application/json"'} },`,
    `  body: ${files ? "form" : `JSON.stringify(${javascript({ inputs: valuesOf(call) }, 2)})`},`,
    "});",
    "if (!answer.ok) throw new Error(await answer.text());",
    "let job = JSON.parse(await answer.text());",
    'while (job.status === "queued" || job.status === "running") {',
    "  await new Promise((resolve) => setTimeout(resolve, 1000));",
    `  answer = await fetch(\`${call.server}/api/jobs/\${job.prompt_id}\`, { headers: key });`,
    "  if (!answer.ok) throw new Error(await answer.text());",
    "  job = JSON.parse(await answer.text());",
    "}",
    'if (job.status !== "succeeded") throw new Error(job.error?.message ?? job.status);',
    "for (const { filename, url } of job.outputs) {",
    "  await writeFile(filename, new Uint8Array(await (await fetch(url)).arrayBuffer()));",
    "  console.log(filename);",
    "}",
    "",
  ].join("\n");
}

function form(call: Call): string[] {
  const values = valuesOf(call);
  return [
    "const form = new FormData();",
    ...(Object.keys(values).length ? [`form.set("inputs", JSON.stringify(${javascript(values)}));`] : []),
    ...call.sent.flatMap((one) => {
      if (!("file" in one)) return [];
      const file = javascript(one.file);
      return [`form.set(${javascript(one.input.name)}, new Blob([await readFile(${file})]), ${file});`];
    }),
  ];
}

function credential({ key }: Call, part: "client_id" | "client_secret"): string {
  return key ? javascript(key[part]) : `process.env.VIEWCOMFY_${part.toUpperCase()} ?? ""`;
}
