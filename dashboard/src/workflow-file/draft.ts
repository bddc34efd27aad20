import type { Workflow } from "~/api/types";
import type { Converted } from "./convert";
import { createStore } from "./store";

/** What a file holds that can be deployed: a workflow or an app file, never both. */
export interface Draft {
  filename: string;
  /** A name that the server would take for the deployment. */
  name: string;
  workflow_api?: Workflow;
  /** The models that its nodes name. */
  models?: Converted["models"];
  /** A view_comfy.json with this one workflow. */
  app_file?: Record<string, unknown>;
  title?: string;
  /** The other workflows of the same file, where it has several. */
  others?: Draft[];
}

const draft = createStore<Draft | null>(null);
const choice = createStore<Draft[]>([]);

/** Keep a draft for the page that deploys it; null forgets it. */
export const setDraft = draft.set;

/** The draft on its way from where its file was dropped to the page that deploys it. */
export function useDraft(): [Draft | null, (value: Draft | null) => void] {
  return [draft.use(), draft.set];
}

/** The workflows of one file, of which one is to be chosen; none most of the time. */
export function useChoice(): [Draft[], (value: Draft[]) => void] {
  return [choice.use(), choice.set];
}

export const setChoice = choice.set;
