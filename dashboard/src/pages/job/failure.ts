import type { Job } from "~/api/types";

/** What is known of a failure, from the error's details. */
export interface Failure {
  nodeId: string | null;
  nodeTitle: string | null;
  exception: string | null;
  /** The lines of Python's traceback, or what ComfyUI last printed. */
  traceback: string;
  /** Single faults, where there were several. */
  problems: { nodeId: string | null; message: string }[];
}

/** Read an error's details; what is missing or of an odd shape is left out. */
export function failureOf(error: NonNullable<Job["error"]>): Failure {
  const details: Record<string, unknown> = error.details ?? {};
  const problems = list(details.problems).flatMap((problem) => {
    const { node_id, message } = (problem ?? {}) as Record<string, unknown>;
    return text(message) ? [{ nodeId: text(node_id), message: text(message) as string }] : [];
  });
  return {
    nodeId: text(details.node_id) ?? problems[0]?.nodeId ?? null,
    nodeTitle: text(details.node_title) ?? text(details.node_type),
    exception: text(details.exception_type),
    traceback: tracebackOf(details, error.message) || joined(list(details.lines)),
    problems,
  };
}

/** Python's own last line says what was raised: the lines that ComfyUI sends end before it. */
function tracebackOf(details: Record<string, unknown>, message: string): string {
  const lines = joined(list(details.traceback));
  const raised = [text(details.exception_type), message.slice(message.indexOf(": ") + 1).trim()]
    .filter(Boolean)
    .join(": ");
  return lines && `${lines}${raised}`;
}

function joined(lines: unknown[]): string {
  const texts = lines.filter((line): line is string => typeof line === "string");
  return texts.map((line) => (line.endsWith("\n") ? line : `${line}\n`)).join("");
}

const text = (value: unknown): string | null => (typeof value === "string" && value ? value : null);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
