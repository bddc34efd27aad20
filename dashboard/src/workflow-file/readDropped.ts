import type { Workflow, WorkflowNode } from "~/api/types";
import { suggestName } from "./deploymentName";
import type { Draft } from "./draft";
import { FileFault } from "./faults";
import { parseLoosely } from "./looseJson";
import { withoutOurJob } from "./ourJob";
import { isPng, pngText } from "./pngText";

const MIB = 1024 * 1024;
const LARGEST = { json: 16 * MIB, png: 256 * MIB };
const MOST_NODES = 10_000;
type Json = Record<string, unknown>;

/** Return what a file holds that can be deployed. Throws FileFault where that is nothing. */
export async function readDropped(file: File): Promise<Draft> {
  if (!file.size) throw new FileFault("empty", { file: file.name });
  try {
    const head = await bytesOf(file.slice(0, 16));
    if (isPng(head)) return await fromPng(file);
    if (isOtherPicture(head)) throw new FileFault("otherPicture");
    if (file.size > LARGEST.json) throw new FileFault("tooLarge");
    return draftOf(parsed(await textOf(file)), file.name);
  } catch (fault) {
    if (fault instanceof FileFault) throw new FileFault(fault.code, { ...fault.facts, file: file.name });
    throw new FileFault("unreadable", { file: file.name, detail: String(fault) });
  }
}

/** Return the draft that parsed JSON holds: an app file, or a workflow in the API format. Throws FileFault. */
function draftOf(value: unknown, filename: string): Draft {
  if (!isObject(value)) throw new FileFault("notWorkflow");
  if (Array.isArray(value.workflows)) return fromApp(value, value.workflows, filename);
  const workflow_api = workflowOf(value);
  return { filename, name: suggestName(filename), workflow_api };
}

async function fromPng(file: File): Promise<Draft> {
  if (file.size > LARGEST.png) throw new FileFault("tooLarge");
  const bytes = await bytesOf(file);
  const prompt = await textIn(bytes, "prompt");
  if (prompt) {
    const draft = draftOf(parsed(prompt), file.name);
    return draft.workflow_api ? { ...draft, workflow_api: withoutOurJob(draft.workflow_api) } : draft;
  }
  throw new FileFault((await textIn(bytes, "workflow")) ? "pngEditorOnly" : "pngWithoutWorkflow");
}

async function textIn(bytes: Uint8Array, keyword: string): Promise<string | null> {
  try {
    return await pngText(bytes, keyword);
  } catch (fault) {
    throw new FileFault("pngBroken", { detail: String(fault) });
  }
}

function fromApp(app: Json, entries: unknown[], filename: string): Draft {
  const drafts = entries.filter(isObject).map((entry): Draft => {
    if (!isObject(entry.workflowApiJSON)) throw new FileFault("appWithoutWorkflow");
    const form = isObject(entry.viewComfyJSON) ? entry.viewComfyJSON : {};
    const title = typeof form.title === "string" ? form.title.trim() : "";
    const workflowApiJSON = workflowOf(entry.workflowApiJSON);
    const app_file = { ...app, workflows: [{ ...entry, workflowApiJSON }] };
    return { filename, name: suggestName(filename, title), title, app_file };
  });
  const [first, ...others] = drafts;
  if (!first) throw new FileFault("appWithoutWorkflow");
  return others.length ? { ...first, others } : first;
}

/** Return the workflow that an object is, or carries as a request to ComfyUI's own API does. */
function workflowOf(value: Json): Workflow {
  if (Array.isArray(value.nodes)) throw new FileFault("editorFormat");
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

/** WebP, JPEG, GIF, and the video formats: what people drop for the PNG that they mean. */
function isOtherPicture(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head);
  return (
    ["RIFF", "\xff\xd8\xff", "GIF8", "\x1aE\xdf\xa3", "BM"].some((mark) => text.startsWith(mark)) ||
    text.startsWith("ftyp", 4)
  );
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
