import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { AskDialog } from "~/ui/AskDialog";

/** A question that is asked before something is done. */
export interface Question {
  title: string;
  consequence: string;
  yes: string;
  onYes: () => void;
}

/** One dialog for all the rows of a list; null asks nothing. */
export function ConfirmDialog({ question, onClose }: { question: Question | null; onClose: () => void }) {
  const { t } = useTranslation("jobs");
  const last = useRef(question);
  if (question) last.current = question; // its words stay while the dialog fades out
  const asked = last.current;
  const yes = () => {
    onClose();
    asked?.onYes();
  };
  return (
    <AskDialog
      opened={question !== null}
      title={asked?.title}
      yes={asked?.yes}
      no={t("no")}
      closeLabel={t("no")}
      onYes={yes}
      onClose={onClose}
    >
      {asked?.consequence}
    </AskDialog>
  );
}
