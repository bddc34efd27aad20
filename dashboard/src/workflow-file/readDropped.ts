import { ApiError } from "~/api/errors";
import { writeExact } from "~/api/exactJson";
import type { Workflow, WorkflowNode } from "~/api/types";
import type { Converted } from "./convert";
import { suggestName } from "./deploymentName";
import type { Draft } from "./draft";
import { FileFault } from "./faults";
import { parseLoosely } from "./looseJson";
import { withoutOurJob } from "./ourJob";
import { isPng, pngText } from "./pngText";

const MIB = 1024 * 1024;
const LARGEST = { json: 16 * MIB, media: 256 * MIB };
const MEDIA = ["RIFF", "\xff\xd8\xff", "GIF8", "\x1aE\xdf\xa3", "BM", "fLaC", "OggS", "ID3", "glTF"];
const MOST_NODES = 10_000;
type Json = Record<string, unknown>;
type Convert = (file: Blob) => Promise<Converted>;

/** Return what a file holds that can be deployed; `convert` reads what is not in the API format. Throws FileFault where that is nothing. */
export async function readDropped(file: File, convert: Convert): Promise<Draft> {
  if (!file.size) throw new FileFault("empty", { file: file.name });
  try {
    const head = await bytesOf(file.slice(0, 16));
    if (file.size > (isMedia(head) ? LARGEST.media : LARGEST.json)) throw new FileFault("tooLarge");
    if (isPng(head)) return await fromPng(file, convert);
    if (isMedia(head)) return await converted(file, file.name, convert);
    return await draftOf(parsed(await textOf(file)), file.name, convert);
  } catch (fault) {
    if (fault instanceof FileFault) throw new FileFault(fault.code, { ...fault.facts, file: file.name });
    if (fault instanceof ApiError) throw new FileFault("refused", { file: file.name, detail: saidOf(fault) });
    throw new FileFault("unreadable", { file: file.name, detail: String(fault) });
  }
}

/** Return the draft that parsed JSON holds: an app file, or a workflow in either format. Throws FileFault. */
async function draftOf(value: unknown, filename: string, convert: Convert): Promise<Draft> {
  if (!isObject(value)) throw new FileFault("notWorkflow");
  if (Array.isArray(value.workflows)) return fromApp(value, value.workflows, filename, convert);
  if (Array.isArray(value.nodes)) return converted(new Blob([writeExact(value)]), filename, convert);
  const workflow_api = workflowOf(value);
  return { filename, name: suggestName(filename), workflow_api };
}

async function fromPng(file: File, convert: Convert): Promise<Draft> {
  const bytes = await bytesOf(file);
  const text = (await textIn(bytes, "prompt")) ?? (await textIn(bytes, "workflow"));
  if (!text) throw new FileFault("pngWithoutWorkflow");
  const draft = await draftOf(parsed(text), file.name, convert);
  return draft.workflow_api ? { ...draft, workflow_api: withoutOurJob(draft.workflow_api) } : draft;
}

async function converted(file: Blob, filename: string, convert: Convert): Promise<Draft> {
  const { workflow_api, models } = await convert(file);
  return { filename, name: suggestName(filename), workflow_api, models };
}

/** Return an error with what it says of each node. */
function saidOf({ message, hint, problems }: ApiError): string {
  return [message, ...problems.slice(0, 5).map((problem) => problem.message), hint].filter(Boolean).join(" ");
}

async function textIn(bytes: Uint8Array, keyword: string): Promise<string | null> {
  try {
    return await pngText(bytes, keyword);
  } catch (fault) {
    throw new FileFault("pngBroken", { detail: String(fault) });
  }
}

async function fromApp(app: Json, entries: unknown[], filename: string, convert: Convert): Promise<Draft> {
  const drafts: Draft[] = [];
  for (const entry of entries.filter(isObject)) {
    if (!isObject(entry.workflowApiJSON)) throw new FileFault("appWithoutWorkflow");
    const form = isObject(entry.viewComfyJSON) ? entry.viewComfyJSON : {};
    const title = typeof form.title === "string" ? form.title.trim() : "";
    const { workflow_api: workflowApiJSON, models } = await draftOf(entry.workflowApiJSON, filename, convert);
    const app_file = { ...app, workflows: [{ ...entry, workflowApiJSON }] };
    drafts.push({ filename, name: suggestName(filename, title), title, app_file, models });
  }
  const [first, ...others] = drafts;
  if (!first) throw new FileFault("appWithoutWorkflow");
  return others.length ? { ...first, others } : first;
}

/** Return the workflow that an object is, or carries as a request to ComfyUI's own API does. */
function workflowOf(value: Json): Workflow {
  const inner = [value.prompt, value.output, value.workflow_api].find((one) => isObject(one) && !("class_type" in one));
  const nodes = Object.entries(isObject(inner) && !isNode(Object.values(value)[0]) ? inner : value);
  if (!nodes.length || nodes.length > MOST_NODES || !nodes.some(([, node]) => isNode(node))) {
    throw new FileFault("notWorkflow");
  }
  const bad = nodes.find(([, node]) => !isNode(node));
  if (bad) throw new FileFault("badNode", { detail: bad[0] });
  return Object.fromEntries(nodes.map(([id, node]) => [id, withoutTraces(node as WorkflowNode)]));
}

/** Leave out what ComfyUI notes in a node while it runs it. */
function withoutTraces(node: WorkflowNode): WorkflowNode {
  const { is_changed: _, ...rest } = node as WorkflowNode & { is_changed?: unknown };
  return rest;
}

function isNode(value: unknown): value is WorkflowNode {
  return isObject(value) && typeof value.class_type === "string" && value.class_type !== "" && isObject(value.inputs);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Pictures, videos and sounds, in which ComfyUI keeps the workflow that made them. */
function isMedia(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head);
  return isPng(head) || MEDIA.some((mark) => text.startsWith(mark)) || text.startsWith("ftyp", 4);
}

function parsed(text: string): unknown {
  try {
    return parseLoosely(text);
  } catch (fault) {
    throw new FileFault("notJson", { detail: fault instanceof Error ? fault.message : String(fault) });
  }
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

async function textOf(blob: Blob): Promise<string> {
  return new TextDecoder().decode(await bytesOf(blob));
}
