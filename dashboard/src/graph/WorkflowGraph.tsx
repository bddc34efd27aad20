import "@xyflow/react/dist/style.css";
import { useComputedColorScheme } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import {
  Background,
  Controls,
  MiniMap,
  type NodeChange,
  Panel,
  ReactFlow,
  type ReactFlowInstance,
  ReactFlowProvider,
  useReactFlow,
} from "@xyflow/react";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Workflow } from "~/api/types";
import { type FlowNode, flowOf, lit, marked } from "./flow";
import type { Marks } from "./marks";
import { NodeBox } from "./NodeBox";
import { NodeSearch } from "./NodeSearch";
import { readWorkflow } from "./readWorkflow";
import classes from "./WorkflowGraph.module.css";

const TYPES = { workflow: NodeBox };
const NONE: Marks = {};
const LARGE = 25;
/** Smaller than this, nothing can be told apart: a part is shown first. */
const LEAST_ZOOM = 0.3;
const START_ZOOM = 0.6;
/** The size of the overview, and how many times smaller than life nodes may be in it. */
const OVERVIEW = { width: 200, height: 150, smallest: 80 };

interface WorkflowGraphProps {
  workflow: Workflow;
  marks?: Marks;
  /** The node that stands out; it is brought into sight when it changes. */
  selected?: string;
  onSelect?: (nodeId: string) => void;
  height?: number | string;
}

/** A workflow drawn from left to right. It carries a graph library: load it lazily. */
export default function WorkflowGraph(props: WorkflowGraphProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ workflow, marks = NONE, selected, onSelect, height = 420 }: WorkflowGraphProps) {
  const { t } = useTranslation("graph");
  const scheme = useComputedColorScheme("light");
  const drawing = useMemo(() => readWorkflow(workflow), [workflow]);
  const flow = useMemo(() => flowOf(drawing), [drawing]);
  const nodes = useMarked(flow.nodes, marks, selected ?? null);
  const known = selected !== undefined && selected in workflow ? selected : null;
  const edges = useMemo(() => lit(flow.edges, known), [flow.edges, known]);
  useInSight(selected);
  const onNodesChange = (changes: NodeChange<FlowNode>[]) => {
    const chosen = changes.find((change) => change.type === "select" && change.selected);
    if (chosen?.type === "select") onSelect?.(chosen.id);
  };
  const large = nodes.length > LARGE;
  return (
    <section className={classes.frame} style={{ height }} aria-label={t("label", { count: nodes.length })}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        onNodesChange={onNodesChange}
        onInit={(instance) => begin(instance, selected)}
        colorMode={scheme}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        elementsSelectable
        deleteKeyCode={null}
        onlyRenderVisibleElements={large}
        fitView
        fitViewOptions={{ padding: 0.08, maxZoom: 1 }}
        minZoom={0.02}
        maxZoom={2}
        preventScrolling
        zoomOnDoubleClick={false}
        ariaLabelConfig={{
          "node.a11yDescription.default": t("nodeHelp"),
          "controls.ariaLabel": t("controls"),
          "controls.zoomIn.ariaLabel": t("zoomIn"),
          "controls.zoomOut.ariaLabel": t("zoomOut"),
          "controls.fitView.ariaLabel": t("fitView"),
          "minimap.ariaLabel": t("minimap"),
        }}
      >
        <Background gap={24} />
        <Controls showInteractive={false} />
        {large && isSeenSmall(flow.nodes) && (
          <MiniMap pannable zoomable nodeColor={miniColour} position="bottom-right" />
        )}
        <Panel position="top-right">
          <NodeSearch nodes={drawing.nodes} onFound={(id) => onSelect?.(id)} />
        </Panel>
      </ReactFlow>
    </section>
  );
}

/** Tell whether anything can be seen of the nodes where all of them fit into the overview: of one long row, nothing can. */
function isSeenSmall(nodes: FlowNode[]): boolean {
  const width = Math.max(...nodes.map(({ position, width = 0 }) => position.x + width));
  const height = Math.max(...nodes.map(({ position, height = 0 }) => position.y + height));
  return Math.max(width / OVERVIEW.width, height / OVERVIEW.height) < OVERVIEW.smallest;
}

/** A workflow too large to be read as a whole is begun at what is going on in it, or else at its left end. */
function begin(flow: ReactFlowInstance<FlowNode>, selected: string | undefined): void {
  if (flow.getZoom() >= LEAST_ZOOM) return;
  const nodes = flow.getNodes();
  const busy = nodes.find(({ data }) => data.mark?.state === "running" || data.mark?.state === "failed");
  const shown =
    nodes.find(({ id }) => id === selected) ?? busy ?? nodes.reduce((a, b) => (b.position.x < a.position.x ? b : a));
  const { x, y } = shown.position;
  const right = Math.min(window.innerWidth, 1_000) / 2 / START_ZOOM - 80;
  void flow.setCenter(x + Math.max(right, 0), y + (shown.height ?? 0) / 2, { zoom: START_ZOOM });
}

/** The nodes with their marks; those that don't change are the same objects as before. */
function useMarked(nodes: FlowNode[], marks: Marks, selected: string | null): FlowNode[] {
  const { t } = useTranslation("graph");
  const before = useRef<{ nodes: FlowNode[]; shown: FlowNode[] } | null>(null);
  return useMemo(() => {
    const label = ({ data: { node, mark } }: FlowNode) => {
      const state = mark ? t(`state.${mark.state}`) : "";
      return [node.title, `#${node.id}`, state, mark?.note].filter(Boolean).join(", ");
    };
    const from = before.current?.nodes === nodes ? before.current.shown : nodes;
    const shown = marked(from, marks, selected, label);
    before.current = { nodes, shown };
    return shown;
  }, [nodes, marks, selected, t]);
}

function useInSight(selected: string | undefined): void {
  const flow = useReactFlow();
  const still = useReducedMotion();
  const first = useRef(true);
  useEffect(() => {
    const isFirst = first.current;
    first.current = false;
    if (!selected || isFirst || !flow.viewportInitialized) return;
    void flow.fitView({ nodes: [{ id: selected }], maxZoom: 1, minZoom: 0.6, duration: still ? 0 : 200 });
  }, [selected, flow, still]);
}

function miniColour(node: FlowNode): string {
  const colours = { running: "blue", done: "teal", failed: "red", problem: "orange", changed: "yellow" };
  const state = node.data.mark?.state;
  return state ? `var(--mantine-color-${colours[state]}-6)` : "var(--mantine-color-gray-5)";
}

export type { Marks, NodeMark } from "./marks";
