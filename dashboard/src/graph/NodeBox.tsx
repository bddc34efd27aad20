import { Handle, type NodeProps, Position, type ReactFlowState, useStore } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { FlowNode } from "./flow";
import { MOST_VALUES, portRows, portTop } from "./layout";
import { typeColour } from "./linkTypes";
import type { DrawnNode } from "./readWorkflow";
import classes from "./WorkflowGraph.module.css";

/** Below this zoom nobody can read a value: only the titles are drawn. */
const READABLE = 0.4;
const isReadable = (state: ReactFlowState) => state.transform[2] >= READABLE;

/** One node: its title, its class, its ports and the values that are set. */
export const NodeBox = memo(function NodeBox({ data: { node, mark }, selected }: NodeProps<FlowNode>) {
  const readable = useStore(isReadable);
  return (
    <div
      className={classes.node}
      data-state={mark?.state}
      data-selected={selected || undefined}
      data-far={!readable || undefined}
    >
      {mark?.fraction !== undefined && (
        <div className={classes.progress} style={{ width: `${mark.fraction * 100}%` }} />
      )}
      <div className={classes.head} title={mark?.note ?? node.title}>
        <span className={classes.title}>{node.title}</span>
        {readable && (
          <span className={classes.id}>{mark?.state === "running" && mark.note ? mark.note : `#${node.id}`}</span>
        )}
      </div>
      {readable && (
        <>
          {node.title !== node.classType && <div className={classes.class}>{node.classType}</div>}
          <Rows node={node} />
        </>
      )}
      <Ports node={node} />
    </div>
  );
});

function Rows({ node }: { node: DrawnNode }) {
  const { t } = useTranslation("graph");
  const rows = Array.from({ length: portRows(node) }, (_, row) => row);
  const more = node.values.length - MOST_VALUES;
  if (!rows.length && !node.values.length) return null;
  return (
    <div className={classes.rows}>
      {rows.map((row) => (
        <div key={row} className={classes.row}>
          <span className={classes.port} data-missing={node.ins[row]?.missing || undefined}>
            {node.ins[row]?.missing ? t("missing", { name: node.ins[row].name }) : node.ins[row]?.name}
          </span>
          <span className={classes.out}>{outName(node, row)}</span>
        </div>
      ))}
      {node.values.slice(0, MOST_VALUES).map(({ name, text }) => (
        <div key={name} className={classes.row} title={`${name}: ${text}`}>
          <span className={classes.name}>{name}</span>
          <span className={classes.value}>{text}</span>
        </div>
      ))}
      {more > 0 && <div className={classes.more}>{t("more", { count: more })}</div>}
    </div>
  );
}

function Ports({ node }: { node: DrawnNode }) {
  return (
    <>
      {node.ins.map(({ name, type }, row) => (
        <Handle
          key={name}
          id={`in ${name}`}
          type="target"
          position={Position.Left}
          isConnectable={false}
          style={{ top: portTop(node, row), background: typeColour(type) }}
        />
      ))}
      {node.outs.map(({ slot, type }, row) => (
        <Handle
          key={slot}
          id={`out ${slot}`}
          type="source"
          position={Position.Right}
          isConnectable={false}
          style={{ top: portTop(node, row), background: typeColour(type) }}
        />
      ))}
    </>
  );
}

function outName(node: DrawnNode, row: number): string {
  const out = node.outs[row];
  return out ? (out.type ?? String(out.slot)) : "";
}
