import { Modal, NavLink, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { type Draft, setDraft, useChoice } from "./draft";

/** Which workflow of a file that holds several is to be deployed. */
export default function ChooseWorkflow() {
  const { t } = useTranslation("deployments");
  const { t: common } = useTranslation();
  const [drafts, setDrafts] = useChoice();
  const [, go] = useLocation();
  const choose = (draft: Draft) => {
    setDrafts([]);
    setDraft(draft);
    go("/deploy");
  };
  return (
    <Modal
      opened={drafts.length > 0}
      onClose={() => setDrafts([])}
      title={t("choose.title")}
      centered
      closeButtonProps={{ "aria-label": common("close") }}
    >
      <Text c="dimmed" size="sm" mb="sm">
        {t("choose.text", { file: drafts[0]?.filename ?? "" })}
      </Text>
      <Stack gap={4}>
        {drafts.map((draft, at) => (
          <NavLink
            key={at}
            component="button"
            label={draft.title || t("choose.untitled", { number: at + 1 })}
            onClick={() => choose(draft)}
            variant="light"
            className="break"
          />
        ))}
      </Stack>
    </Modal>
  );
}
