import { Badge, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconFocus2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { ProblemItem } from "./ProblemItem";
import type { ProblemGroup, ReportProblem } from "./problemGroups";

const SHOWN = 10;

interface Props {
  group: ProblemGroup;
  backends: string[];
  onNode?: (nodeId: string) => void;
  onUse?: (problem: ReportProblem, value: string) => void;
}

/** What is wrong with one node. */
export function ProblemGroupCard({ group, backends, onNode, onUse }: Props) {
  const { t } = useTranslation("deploy");
  const rest = group.problems.length - SHOWN;
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" wrap="nowrap" gap="xs" mb={6}>
        <Group gap={6} wrap="nowrap" style={{ minWidth: 0 }}>
          <Text fw={600} className="break" style={{ minWidth: 0 }}>
            {group.id ? group.title : t("report.wholeWorkflow")}
          </Text>
          {group.id && (
            <Badge variant="default" style={{ flexShrink: 0 }} miw={0} maw={160}>
              #{group.id}
            </Badge>
          )}
        </Group>
        {group.id && onNode && (
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<IconFocus2 size={14} aria-hidden />}
            onClick={() => onNode(group.id)}
            aria-label={t("report.showNodeNamed", { node: group.title })}
            style={{ flexShrink: 0 }}
          >
            {t("report.showNode")}
          </Button>
        )}
      </Group>
      <Stack gap="xs">
        {group.problems.slice(0, SHOWN).map((problem) => (
          <ProblemItem
            key={`${problem.code} ${problem.input_name} ${problem.message}`}
            problem={problem}
            backends={backends}
            onUse={onUse}
          />
        ))}
        {rest > 0 && (
          <Text size="sm" c="dimmed">
            {t("report.moreProblems", { count: rest })}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
