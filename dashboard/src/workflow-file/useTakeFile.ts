import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { convert } from "./convert";
import { type Draft, setChoice, setDraft } from "./draft";
import { FileFault } from "./faults";

const READING = "reading";
/** Milliseconds after which it is said what takes so long. */
const SOON = 300;

type Take = (files: readonly File[], deployment?: string) => Promise<void>;

/**
 * Take what people drop or choose to the page that deploys it, or say why that can't be deployed. With `deployment` it becomes
 * a new version of that one.
 */
export function useTakeFile(): Take {
  const { t } = useTranslation("deployments");
  const [, go] = useLocation();
  return async (files, deployment) => {
    const reading = setTimeout(() => {
      const message = t("reading.text");
      notifications.show({ id: READING, title: t("reading.title"), message, loading: true, autoClose: false });
    }, SOON);
    try {
      const drafts = (await draftsIn(files)).map((draft) => (deployment ? { ...draft, name: deployment } : draft));
      if (drafts.length > 1) return setChoice(drafts);
      setDraft(drafts[0] ?? null);
      go("/deploy");
    } catch (fault) {
      const { code, facts } =
        fault instanceof FileFault ? fault : new FileFault("unreadable", { detail: String(fault) });
      const told = {
        id: "file-fault",
        title: t("fault.title", { file: facts.file ?? "" }),
        message: t(`fault.${code}`, { detail: facts.detail ?? "" }),
        color: "red",
        autoClose: 15_000,
      };
      notifications.update(told); // in place of the one before, if that is still there
      notifications.show(told);
    } finally {
      clearTimeout(reading);
      notifications.hide(READING);
    }
  };
}

async function draftsIn(files: readonly File[]): Promise<Draft[]> {
  const [file, ...more] = files;
  if (!file || more.length) throw new FileFault("several", { file: file?.name });
  const { readDropped } = await import("./readDropped");
  const { others = [], ...first } = await readDropped(file, convert);
  return [first, ...others];
}
