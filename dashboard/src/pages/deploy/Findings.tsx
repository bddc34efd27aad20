import { Alert, Button, Group, List, Loader, Paper, Stack, Text, Title } from "@mantine/core";
import { IconHourglass, IconRefresh, IconUnlink } from "@tabler/icons-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { ChangeList } from "~/report/ChangeList";
import type { ReportProblem } from "~/report/problemGroups";
import { ReportView } from "~/report/ReportView";
import { ErrorNote } from "~/ui/ErrorNote";
import type { Checked } from "./useCheck";

interface Props extends Pick<Checked, "answer" | "error" | "isChecking" | "again"> {
  /** Whether there is a version before, whose callers something may change for. */
  hasBefore: boolean;
  onNode: (nodeId: string) => void;
  onUse: (problem: ReportProblem, value: string) => void;
}

/** What the server says of the draft: where it runs, what changes for callers, which edits are lost. */
export const Findings = memo(function Findings(props: Props) {
  const { answer, error, isChecking, again, hasBefore, onNode, onUse } = props;
  const { t } = useTranslation("deploy");
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="sm" mih={30}>
        <Title order={2} size="h4">
          {t("report.title")}
        </Title>
        <Group gap="xs">
          {isChecking && <Loader size="xs" role="status" aria-label={t("report.checking")} />}
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconRefresh size={14} aria-hidden />}
            disabled={isChecking}
            onClick={again}
          >
            {t("report.again")}
          </Button>
        </Group>
      </Group>
      <Stack gap="md">
        {error ? <ErrorNote error={error} onRetry={again} /> : null}
        {!answer && !error && <Text c="dimmed">{t("report.wait")}</Text>}
        {answer && <ReportView report={answer.report} onNode={onNode} onUse={onUse} />}
        {answer?.notes.map((note) => (
          <Alert key={note} color="yellow" icon={<IconHourglass aria-hidden />} lang="en">
            {note}
          </Alert>
        ))}
        {answer && answer.lost_edits.length > 0 && <LostEdits names={answer.lost_edits} />}
        {answer && hasBefore && (
          <div>
            <Title order={3} size="h5" mb="xs">
              {t("changes.title")}
            </Title>
            {answer.changes.length ? (
              <ChangeList changes={answer.changes} />
            ) : (
              <Text size="sm" c="dimmed">
                {t("changes.none")}
              </Text>
            )}
          </div>
        )}
      </Stack>
    </Paper>
  );
});

function LostEdits({ names }: { names: string[] }) {
  const { t } = useTranslation("deploy");
  return (
    <Alert color="yellow" icon={<IconUnlink aria-hidden />} title={t("lost.title", { count: names.length })}>
      <Text size="sm">{t("lost.text")}</Text>
      <List size="sm" mt={4}>
        {names.slice(0, 20).map((name) => (
          <List.Item key={name} className="break">
            {name}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
