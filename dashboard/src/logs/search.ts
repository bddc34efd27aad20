import type { LogLine } from "~/events/jobNews";

/** Return the indexes of the lines that contain the words, whatever their case; none for no words. */
export function found(lines: readonly LogLine[], words: string): number[] {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [];
  const hits: number[] = [];
  lines.forEach((line, index) => {
    if (line.text.toLowerCase().includes(wanted)) hits.push(index);
  });
  return hits;
}

/** Cut a text into pieces, every second of which is what was searched for. */
export function pieces(text: string, words: string): string[] {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [text];
  const lower = text.toLowerCase();
  // A letter can change its length with its case; then the places don't match and nothing is marked.
  if (lower.length !== text.length) return [text];
  const cut: string[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    cut.push(text.slice(from, at), text.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  return [...cut, text.slice(from)];
}

/** Return the log as a text file has it. */
export function asText(lines: readonly LogLine[]): string {
  return lines.map((line) => `${new Date(line.at * 1000).toISOString()}  ${line.text}\n`).join("");
}

/** Return how many lines were taken away at the start, from one state of a log to the next; lines keep their identity. */
export function dropped(before: readonly LogLine[], after: readonly LogLine[]): number {
  const first = after[0];
  if (!first || before[0] === first) return 0;
  const at = before.indexOf(first);
  return Math.max(at, 0);
}
