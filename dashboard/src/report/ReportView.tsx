import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Report } from "~/api/types";
import { ProblemGroupCard } from "./ProblemGroupCard";
import { problemGroups, type ReportProblem } from "./problemGroups";
import { Verdict } from "./Verdict";

const SHOWN = 8;

interface Props {
  report: Report;
  /** A node was chosen, by the problem that it has. */
  onNode?: (nodeId: string) => void;
  /** One of the nearest names was chosen in place of what is wrong. */
  onUse?: (problem: ReportProblem, value: string) => void;
}

/** Where a workflow can run, and what keeps it from the other backends. */
export function ReportView({ report, onNode, onUse }: Props) {
  const { t } = useTranslation("deploy");
  const [all, setAll] = useState(false);
  const groups = problemGroups(report.problems);
  const rest = groups.length - SHOWN;
  return (
    <Stack gap="sm">
      <Verdict report={report} />
      {(all ? groups : groups.slice(0, SHOWN)).map((group) => (
        <ProblemGroupCard key={group.id} group={group} backends={report.backends} onNode={onNode} onUse={onUse} />
      ))}
      {rest > 0 && (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? t("report.fewer") : t("report.more", { count: rest })}
          </Button>
          {!all && (
            <Text size="sm" c="dimmed">
              {t("report.moreHint")}
            </Text>
          )}
        </Group>
      )}
    </Stack>
  );
}
