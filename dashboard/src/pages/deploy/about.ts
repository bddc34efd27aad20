import type { Deployment } from "~/api/types";
import type { Draft } from "~/workflow-file/draft";

/** What a deployer says about a version besides its inputs; null where nothing was said, so that it stays as it was. */
export interface About {
  name: string;
  title: string | null;
  description: string | null;
  note: string;
  timeLimit: number | null;
  cancelOnDisconnect: boolean | null;
  makeCurrent: boolean;
}

export function aboutDraft(draft: Draft): About {
  return {
    name: draft.name,
    title: null,
    description: null,
    note: "",
    timeLimit: null,
    cancelOnDisconnect: null,
    makeCurrent: true,
  };
}

/** Return what is shown: what was said here, else what the app file says, else what the version before said. */
export function shownAbout(about: About, draft: Draft, before: Deployment | undefined) {
  return {
    title: about.title ?? (draft.title || before?.title || ""),
    description: about.description ?? (before?.description || ""),
    timeLimit: about.timeLimit ?? before?.time_limit ?? 0,
    cancelOnDisconnect: about.cancelOnDisconnect ?? before?.cancel_on_disconnect ?? false,
    makeCurrent: about.makeCurrent || !before,
  };
}
