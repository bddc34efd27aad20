import { Alert, Button, Code, Group, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { asApiError } from "~/api/errors";
import { Marked } from "./Marked";

interface Props {
  error: unknown;
  /** Offered as "Try again" where it is given and may help. */
  onRetry?: () => void;
}

/** What somebody meets who follows an old link: the server's hints on it are for those who call it by program. */
const KNOWN = ["unknown_deployment", "unknown_version", "unknown_job"] as const;

/** What went wrong, what to do about it, and its stable code. */
export function ErrorNote({ error, onRetry }: Props) {
  const { t } = useTranslation();
  const fault = asApiError(error);
  const offline = fault.code === "unreachable";
  const known = KNOWN.find((code) => code === fault.code);
  const title = offline ? t("error.unreachable") : known ? t(`error.known.${known}.title`) : fault.message;
  const hint = offline ? t("error.unreachableHint") : known ? t(`error.known.${known}.text`) : fault.hint;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={title} role="alert">
      {hint && (
        <Text size="sm" className="break">
          <Marked text={hint} />
        </Text>
      )}
      {fault.problems.length > 1 && (
        <List size="sm" mt="xs">
          {fault.problems.map((problem) => (
            <List.Item key={`${problem.input} ${problem.message}`}>{problem.message}</List.Item>
          ))}
        </List>
      )}
      <Group justify="space-between" mt="xs">
        <Code>{fault.code}</Code>
        {onRetry && fault.status !== 404 && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t("retry")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
