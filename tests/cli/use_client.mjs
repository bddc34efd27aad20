// Uses a generated client, compiled: what to do comes as JSON, what was seen goes out as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, cls, plan] = process.argv.slice(2);
const { server, key, inputs, files = {}, kinds = {}, cancel, broken, abort } = JSON.parse(plan);
const exported = await import(pathToFileURL(module).href);

/** A network on which every third stream breaks after its first bytes. */
let calls = 0;
async function breaking(url, init) {
  const answer = await fetch(url, init);
  if (!String(url).endsWith("/events") || ++calls > 3) return answer;
  const reader = answer.body.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const half = new ReadableStream({
    start(controller) {
      controller.enqueue(value.slice(0, Math.max(1, value.length - 3)));
      controller.error(new TypeError("terminated"));
    },
  });
  return new Response(half, { status: answer.status, headers: answer.headers });
}

const client = new exported[cls]({ server, clientId: key[0], clientSecret: key[1], ...(broken ? { fetch: breaking } : {}) });
const given = { ...inputs };
for (const [name, path] of Object.entries(files)) {
  const bytes = readFileSync(path);
  given[name] = kinds[name] === "blob" ? new Blob([bytes]) : kinds[name] === "file" ? new File([bytes], "a.png") : new Uint8Array(bytes);
}
for (const [name, value] of Object.entries(given)) if (typeof value === "string" && /^\d+n$/.test(value)) given[name] = BigInt(value.slice(0, -1));

const events = [];
const seen = { events };
try {
  const signal = abort ? AbortSignal.timeout(abort) : undefined;
  if (cancel) {
    const job = await client.run(given);
    seen.canceled = await client.cancel(job.prompt_id);
    await client.wait(job.prompt_id);
  }
  seen.job = await client.infer(given, { onEvent: (event) => events.push(event), ...(signal ? { signal } : {}) });
  seen.files = [];
  for (const output of seen.job.outputs) seen.files.push({ type: output.content_type, bytes: (await client.download(output)).size, size: output.size });
} catch (error) {
  const { name, message, code, status, problems, promptId } = error;
  seen.error = { name, message, code, status, problems, promptId, isOurs: error instanceof exported.ViewComfyError };
}
console.log(JSON.stringify(seen));
