import { lazy, Suspense, useMemo } from "react";
import type { Job, Workflow } from "~/api/types";
import type { JobNews } from "~/events/jobNews";
import { marksOf } from "~/graph/marks";
import { NodeDetails } from "~/graph/NodeDetails";
import { Loading } from "~/ui/Loading";

const WorkflowGraph = lazy(() => import("~/graph/WorkflowGraph"));
const HEIGHT = 460;

interface Props {
  workflow: Workflow;
  job: Job;
  news: JobNews;
  selected: string | null;
  onSelect: (nodeId: string | null) => void;
}

/** The workflow that the job ran, with the nodes lit as they run; the chosen node's values in full. */
export function GraphSection({ workflow, job, news, selected, onSelect }: Props) {
  const { status, error } = job;
  const marks = useMemo(() => marksOf(workflow, news, { status, error }), [workflow, news, status, error]);
  return (
    <>
      <Suspense fallback={<Loading height={HEIGHT} />}>
        <WorkflowGraph
          workflow={workflow}
          marks={marks}
          selected={selected ?? undefined}
          onSelect={onSelect}
          height={HEIGHT}
        />
      </Suspense>
      {selected && workflow[selected] && (
        <NodeDetails workflow={workflow} nodeId={selected} onSelect={onSelect} onClose={() => onSelect(null)} />
      )}
    </>
  );
}
