import type { Call } from "./call";
import { credential } from "./pythonSdk";
import { python } from "./quote";

/** Return Python for the interface of ViewComfy's published client, by param keys. */
export function pythonPublished(call: Call): string {
  const params = call.sent.map((one) => {
    const value = "file" in one ? `open(${python(one.file)}, "rb")` : python(one.value);
    return `    ${python(one.input.key)}: ${value},`;
  });
  return [
    "# pip install viewcomfy; with ViewComfy's own client instead: from api import infer_with_logs",
    "import asyncio",
    "import base64",
    ...(call.key ? [] : ["import os"]),
    "from pathlib import Path",
    "",
    "from viewcomfy.compat import infer_with_logs",
    "",
    ...(params.length ? ["params = {", ...params, "}"] : ["params = {}"]),
    "result = asyncio.run(",
    "    infer_with_logs(",
    `        api_url=${python(call.infer)},`,
    "        params=params,",
    "        logging_callback=print,",
    `        client_id=${credential(call, "client_id")},`,
    `        client_secret=${credential(call, "client_secret")},`,
    "    )",
    ")",
    "for output in result.outputs if result else []:",
    "    Path(output.filename).write_bytes(base64.b64decode(output.data))",
    "    print(output.filename)",
    "",
  ].join("\n");
}
