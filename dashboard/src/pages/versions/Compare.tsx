import { ActionIcon, Group, Paper, SegmentedControl, Select, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconArrowsExchange } from "@tabler/icons-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Workflow } from "~/api/types";
import { ChangeList } from "~/report/ChangeList";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { diffMarks } from "./marks";
import { useDiff, useVersion, type Version } from "./queries";
import { WorkflowChanges } from "./WorkflowChanges";
import { diffWorkflows } from "./workflowDiff";

const WorkflowGraph = lazy(() => import("~/graph/WorkflowGraph"));
const HEIGHT = 420;

interface Props {
  name: string;
  versions: Version[];
  before: number | null;
  after: number | null;
  onChange: (before: number, after: number) => void;
}

/** Two versions side by side: what changes for callers, and what is different in the workflow. */
export function Compare({ name, versions, before, after, onChange }: Props) {
  const { t } = useTranslation("versions");
  const data = versions.map(({ version }) => ({ value: String(version), label: t("version", { version }) }));
  const pick = (one: string | number | null, two: string | number | null) => {
    if (one !== null && two !== null) onChange(Number(one), Number(two));
  };
  return (
    <Stack gap="md">
      <Title order={2} size="h4" id="compare-title">
        {t("compareTitle")}
      </Title>
      <Group gap="xs" align="flex-end">
        <Select
          label={t("from")}
          data={data}
          searchable
          allowDeselect={false}
          w={160}
          value={before === null ? null : String(before)}
          onChange={(value) => pick(value, after)}
        />
        <ActionIcon size={36} variant="default" aria-label={t("swap")} onClick={() => pick(after, before)}>
          <IconArrowsExchange size={18} aria-hidden />
        </ActionIcon>
        <Select
          label={t("to")}
          data={data}
          searchable
          allowDeselect={false}
          w={160}
          value={after === null ? null : String(after)}
          onChange={(value) => pick(before, value)}
        />
      </Group>
      {before === after ? (
        <Text c="dimmed">{t("same")}</Text>
      ) : (
        <Difference key={`${before} ${after}`} name={name} before={before} after={after} />
      )}
    </Stack>
  );
}

function Difference({ name, before, after }: Pick<Props, "name" | "before" | "after">) {
  const { t } = useTranslation("versions");
  const callers = useDiff(name, before, after);
  const [old, now] = [useVersion(name, before), useVersion(name, after)];
  const error = callers.error ?? old.error ?? now.error;
  if (error) {
    return (
      <ErrorNote error={error} onRetry={() => void Promise.all([callers, old, now].map((one) => one.refetch()))} />
    );
  }
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Paper withBorder p="md">
          <Title order={3} size="h5" mb="sm">
            {t("forCallers")}
          </Title>
          {!callers.data && <Loading height={80} />}
          {callers.data?.changes.length === 0 && <Text c="dimmed">{t("noChanges")}</Text>}
          {callers.data && <ChangeList changes={callers.data.changes} />}
        </Paper>
        {old.data && now.data ? (
          <Workflows
            before={old.data.workflow_api as Workflow}
            after={now.data.workflow_api as Workflow}
            versions={[old.data.version, now.data.version]}
          />
        ) : (
          <Loading height={80} />
        )}
      </SimpleGrid>
    </Stack>
  );
}

interface WorkflowsProps {
  before: Workflow;
  after: Workflow;
  versions: [number, number];
}

function Workflows({ before, after, versions }: WorkflowsProps) {
  const { t } = useTranslation("versions");
  const diff = useMemo(() => diffWorkflows(before, after), [before, after]);
  const [side, setSide] = useState<"before" | "after">("after");
  const [selected, setSelected] = useState<string>();
  const marks = useMemo(() => diffMarks(diff, side, (state) => t(`node.${state}`)), [diff, side, t]);
  const show = (where: "before" | "after", nodeId: string) => {
    setSide(where);
    setSelected(nodeId);
  };
  return (
    <>
      <Paper withBorder p="md">
        <Title order={3} size="h5" mb="sm">
          {t("inWorkflow")}
        </Title>
        <WorkflowChanges diff={diff} onNode={show} />
      </Paper>
      <Paper withBorder p="md" style={{ gridColumn: "1 / -1", minWidth: 0 }}>
        <Group justify="space-between" mb="sm" gap="xs">
          <Title order={3} size="h5">
            {t("graph")}
          </Title>
          <SegmentedControl
            size="xs"
            aria-label={t("graphOf")}
            data={[
              { value: "before", label: t("version", { version: versions[0] }) },
              { value: "after", label: t("version", { version: versions[1] }) },
            ]}
            value={side}
            onChange={(value) => setSide(value as "before" | "after")}
          />
        </Group>
        <Suspense fallback={<Loading height={HEIGHT} />}>
          <WorkflowGraph
            key={side}
            workflow={side === "before" ? before : after}
            marks={marks}
            selected={selected}
            onSelect={setSelected}
            height={HEIGHT}
          />
        </Suspense>
      </Paper>
    </>
  );
}
