// Calls an endpoint from Node the way that published Node clients do: plain fetch, FormData with the file parts first, the
// stream split at \n, the last data line of an event taken. Prints one JSON object; exits 0 when a result came.
//
//   node node_client.mjs URL CLIENT_ID CLIENT_SECRET [--logs] [--params JSON] [--workflow FILE] [--file KEY=PATH]...
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const [url, clientId, clientSecret, ...rest] = process.argv.slice(2);
const form = new FormData();
let params = "{}";
let workflow = null;
let logs = false;
for (let i = 0; i < rest.length; i++) {
  if (rest[i] === "--logs") logs = true;
  else if (rest[i] === "--params") params = rest[++i];
  else if (rest[i] === "--workflow") workflow = readFileSync(rest[++i], "utf8");
  else if (rest[i] === "--file") {
    const [key, path] = rest[++i].split(/=(.*)/s);
    form.set(key, new File([readFileSync(path)], basename(path)));
  }
}
if (workflow !== null) form.set("workflow_api", workflow);
form.set("params", params);
form.set("logs", String(logs));

async function* events(body) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let [rest, event, data] = ["", "message", ""];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines.map((line) => line.trim())) {
      if (line.startsWith("event:")) event = line.slice(6).trim();
      else if (line.startsWith("data:")) data = line.slice(5).trim();
      else if (!line && data) {
        yield [event, data];
        [event, data] = ["message", ""];
      }
    }
  }
}

const seen = { logs: [], errors: [], unknown: [], result: null };

async function call() {
  const headers = { client_id: clientId, client_secret: clientSecret };
  const response = await fetch(url, { method: "POST", body: form, headers });
  seen.status = response.status;
  seen.contentType = response.headers.get("content-type");
  if (response.status !== 201) {
    seen.error = await response.text();
  } else if (!logs) {
    seen.result = await response.json();
  } else {
    for await (const [event, data] of events(response.body)) {
      if (event === "log_message") seen.logs.push(data);
      else if (event === "error") seen.errors.push(data);
      else if (event !== "prompt_result") seen.unknown.push([event, data]);
      else {
        seen.result = JSON.parse(data);
        return; // the caller has what it wants and leaves
      }
    }
  }
}

try {
  await call();
} catch (fault) {
  seen.thrown = `${fault.message}: ${fault.cause?.code ?? fault.cause ?? ""}`;
}
// base64 back to bytes, as a caller would: the sizes must agree
for (const output of seen.result?.outputs ?? []) output.bytes = Buffer.from(atob(output.data), "latin1").length;
process.stdout.write(JSON.stringify(seen) + "\n", () => process.exit(seen.result ? 0 : 1));
