import { Box } from "@mantine/core";
import { lazy, memo, Suspense, useMemo } from "react";
import type { Report, Workflow } from "~/api/types";
import type { Marks } from "~/graph/marks";
import { Loading } from "~/ui/Loading";

const WorkflowGraph = lazy(() => import("~/graph/WorkflowGraph"));
const HEIGHT = 440;

interface Props {
  workflow: Workflow;
  report?: Report;
  selected?: string;
  onSelect?: (nodeId: string) => void;
}

/** The workflow drawn, with what is wrong at its nodes. */
export const WorkflowPanel = memo(function WorkflowPanel({ workflow, report, selected, onSelect }: Props) {
  const marks = useMemo(() => problemMarks(report), [report]);
  return (
    <Box mih={HEIGHT}>
      <Suspense fallback={<Loading height={HEIGHT} />}>
        <WorkflowGraph workflow={workflow} marks={marks} selected={selected} onSelect={onSelect} height={HEIGHT} />
      </Suspense>
    </Box>
  );
});

/** Errors only: a warning is no reason to paint a node. */
function problemMarks(report: Report | undefined): Marks {
  const marks: Marks = {};
  for (const { severity, node_id, message } of report?.problems ?? []) {
    if (severity === "error" && node_id) marks[node_id] ??= { state: "problem", note: message };
  }
  return marks;
}
