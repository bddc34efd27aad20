import { useTranslation } from "react-i18next";
import { Page } from "~/ui/Page";
import { useDraft } from "~/workflow-file/draft";
import { FilePicker } from "~/workflow-file/FilePicker";
import { ChooseFile } from "./ChooseFile";
import { DraftForm } from "./DraftForm";
import { useNumber } from "./useNumber";

/** Deploy a workflow: choose the file, see what it would come to, say how callers see it. */
export default function DeployPage() {
  const { t } = useTranslation("deploy");
  const { t: common } = useTranslation();
  const [draft] = useDraft();
  const number = useNumber(draft);
  return (
    <Page
      title={t("title")}
      trail={[[common("nav.deployments"), "/"]]}
      description={draft ? t("from", { file: draft.filename }) : undefined}
      actions={draft && <FilePicker variant="default">{t("choose.other")}</FilePicker>}
    >
      {draft ? <DraftForm key={number} draft={draft} /> : <ChooseFile />}
    </Page>
  );
}
