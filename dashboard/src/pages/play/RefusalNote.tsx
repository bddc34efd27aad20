import { Alert, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ApiError } from "~/api/errors";
import { type Refusal, refusalOf } from "./refusals";

const COLOURS: Partial<Record<Refusal, string>> = { queueFull: "yellow", keyLimit: "yellow", noBackend: "yellow" };

interface Props {
  error: ApiError;
  /** What is shown at the fields already. */
  problems: Record<string, string>;
  onClose: () => void;
}

/** Why a run was not accepted. */
export function RefusalNote({ error, problems, onClose }: Props) {
  const { t } = useTranslation("play");
  const refusal = refusalOf(error);
  if (refusal === "signedOut") return null; // a dialog of its own asks to sign in
  const atFields = Object.keys(problems).length > 0;
  const elsewhere = atFields ? error.problems.length > Object.keys(problems).length : true;
  const said = [error.message, error.hint].filter(Boolean).join(" ");
  return (
    <Alert
      color={COLOURS[refusal] ?? "red"}
      icon={<IconAlertTriangle aria-hidden />}
      title={refusal === "other" ? error.message : t(`refused.${refusal}.title`)}
      withCloseButton
      closeButtonLabel={t("refused.close")}
      onClose={onClose}
      role="alert"
      mb="sm"
    >
      {refusal !== "other" && <Text size="sm">{t(`refused.${refusal}.text`)}</Text>}
      {refusal === "other" && error.hint && <Text size="sm">{error.hint}</Text>}
      {(refusal === "queueFull" || refusal === "keyLimit") && (
        <Text size="xs" mt={4} className="break">
          {said}
        </Text>
      )}
      {refusal === "invalid" && elsewhere && (
        <List size="sm" mt={4}>
          {error.problems.map((problem) => (
            <List.Item key={`${problem.input} ${problem.message}`} className="break">
              {problem.message}
            </List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}
