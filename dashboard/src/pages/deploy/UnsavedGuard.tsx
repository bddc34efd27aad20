import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { AskDialog } from "~/ui/AskDialog";

/** The state of a second history entry for this page: going back from it stays here, so that there is time to ask. */
const SECOND = { viewcomfy: "unsaved" };
const BACK = Symbol("back");
type Target = string | typeof BACK;

/**
 * Ask before the page is left with changes that are not stored: by a link, the back button, or when it is closed. A page that
 * has stored them goes on with `replace`, in place of the second entry.
 */
export function UnsavedGuard({ when }: { when: boolean }) {
  const { t } = useTranslation("deploy");
  const [, navigate] = useLocation();
  const [target, setTarget] = useState<Target | null>(null);
  useEffect(() => {
    if (!when) return;
    const here = location.pathname + location.search;
    const stop = new AbortController();
    const { signal } = stop;
    linger(here);
    document.addEventListener("click", (event) => onClick(event, here, setTarget), { capture: true, signal });
    window.addEventListener("popstate", () => isAt(here) && !lingers() && setTarget(BACK), { signal });
    window.addEventListener("beforeunload", (event) => event.preventDefault(), { signal });
    return () => stop.abort();
  }, [when]);
  const stay = () => {
    if (target === BACK) linger(location.pathname + location.search);
    setTarget(null);
  };
  const leave = () => {
    setTarget(null);
    if (target === BACK) history.back();
    else if (target !== null) navigate(target, { replace: true });
  };
  return (
    <AskDialog
      opened={target !== null}
      title={t("unsaved.title")}
      yes={t("unsaved.leave")}
      no={t("unsaved.stay")}
      onYes={leave}
      onClose={stay}
    >
      {t("unsaved.text")}
    </AskDialog>
  );
}

function lingers(): boolean {
  return (history.state as typeof SECOND | null)?.viewcomfy === SECOND.viewcomfy;
}

function linger(here: string): void {
  if (!lingers()) history.pushState(SECOND, "", here);
}

function isAt(here: string): boolean {
  return location.pathname + location.search === here;
}

function onClick(event: MouseEvent, here: string, ask: (target: string) => void): void {
  const link = (event.target as Element | null)?.closest?.("a[href]") as HTMLAnchorElement | null;
  const elsewhere = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!link || elsewhere || link.origin !== location.origin || link.target === "_blank" || link.download) return;
  const target = link.pathname + link.search;
  if (target === here) return;
  event.preventDefault();
  event.stopPropagation();
  ask(target);
}
