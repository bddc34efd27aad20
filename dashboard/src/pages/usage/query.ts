/** What the usage page shows; it lives in the URL. */
export interface UsageQuery {
  days: 1 | 7 | 30;
  by: "deployment" | "key";
  deployment: string | null;
}

/** Read it from the URL's query. */
export function readQuery(search: string): UsageQuery {
  const given = new URLSearchParams(search);
  const days = Number(given.get("days"));
  return {
    days: days === 7 || days === 30 ? days : 1,
    by: given.get("by") === "key" ? "key" : "deployment",
    deployment: given.get("deployment"),
  };
}

/** Write it as the URL's query. */
export function writeQuery(query: UsageQuery): string {
  const given = new URLSearchParams({ days: String(query.days), by: query.by });
  if (query.deployment) given.set("deployment", query.deployment);
  return given.toString();
}

/** Return the window of time: whole hours for a day, whole days of the place for more, so that its buckets are those that people know. */
export function windowOf(days: number, now = new Date()): { since: number; until: number } {
  const end = new Date(now);
  if (days === 1) end.setHours(now.getHours() + 1, 0, 0, 0);
  else end.setHours(24, 0, 0, 0);
  const until = end.getTime() / 1000;
  return { since: until - days * 86_400, until };
}
