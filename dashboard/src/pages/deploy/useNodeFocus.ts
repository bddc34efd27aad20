import { type RefObject, useCallback, useState } from "react";

/**
 * Which node is looked at: one that is chosen in the graph brings its inputs into sight, one that is chosen in the report or
 * at an input brings the graph into sight.
 */
export function useNodeFocus(graph: RefObject<HTMLElement | null>) {
  const [selected, setSelected] = useState<string>();
  const [wanted, setWanted] = useState<{ nodeId: string } | null>(null);
  const fromGraph = useCallback((nodeId: string) => {
    setSelected(nodeId);
    setWanted({ nodeId });
  }, []);
  const fromReport = useCallback(
    (nodeId: string) => {
      setSelected(nodeId);
      graph.current?.scrollIntoView({ block: "start" });
    },
    [graph],
  );
  return { selected, wanted, fromGraph, fromReport };
}
