import type { Job } from "~/api/types";

type Outputs = NonNullable<Job["outputs"]>;

/** A file's link is kept while it is good for this long, so that a picture isn't fetched anew with every poll. */
const LINK_SECONDS = 300;

/** Return outputs with the links that they had before, while these are good: every answer of the server has new ones. */
export function keptLinks(outputs: Outputs, before: Outputs, now = Date.now() / 1000): Outputs {
  return outputs.map((output) => {
    const had = before.find((other) => other.filename === output.filename && other.node_id === output.node_id);
    const good = had && had.size === output.size && had.expires_at > now + LINK_SECONDS;
    return good ? { ...output, url: had.url, expires_at: had.expires_at } : output;
  });
}
