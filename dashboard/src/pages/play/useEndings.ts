import { useCallback, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";

/** Tell that a job has ended to who looks elsewhere: in the page's title, and as a notification where that was allowed. */
export function useEndings(title: string): (job: Job, about: string) => void {
  const { t } = useTranslation("play");
  const unseen = useRef(0);
  useEffect(() => {
    const plain = `${title} · viewcomfy`;
    document.title = plain;
    const seen = () => {
      if (document.hidden) return;
      unseen.current = 0;
      document.title = plain;
    };
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [title]);
  return useCallback(
    (job, about) => {
      if (!document.hidden || job.status === "canceled") return;
      unseen.current += 1;
      const what = t(job.status === "succeeded" ? "ended.succeeded" : "ended.failed");
      document.title = `(${unseen.current}) ${what} · ${title}`;
      notify(`${what} · ${title}`, about, job.prompt_id);
    },
    [t, title],
  );
}

/** Phones have the name but not the constructor: the title has to do there. */
function notify(title: string, body: string, tag: string): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const shown = new Notification(title, { body, tag });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch {
    // told in the title
  }
}
