import { Select } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { DrawnNode } from "./readWorkflow";

interface Props {
  nodes: DrawnNode[];
  onFound: (nodeId: string) => void;
}

/** Find a node by its title, class or id, and go there. */
export function NodeSearch({ nodes, onFound }: Props) {
  const { t } = useTranslation("graph");
  const flow = useReactFlow();
  const data = useMemo(() => nodes.map((node) => ({ value: node.id, label: nameOf(node) })), [nodes]);
  const go = (id: string | null) => {
    if (!id) return;
    onFound(id);
    void flow.fitView({ nodes: [{ id }], maxZoom: 1, minZoom: 0.8, duration: 200 });
  };
  return (
    <Select
      size="xs"
      w={180}
      searchable
      clearable={false}
      data={data}
      value={null}
      limit={50}
      onChange={go}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={null}
      rightSectionWidth={8}
      placeholder={t("search")}
      aria-label={t("search")}
      nothingFoundMessage={t("nothing")}
      comboboxProps={{ width: 280, position: "bottom-end" }}
    />
  );
}

function nameOf(node: DrawnNode): string {
  return node.title === node.classType ? `${node.title} #${node.id}` : `${node.title} · ${node.classType} #${node.id}`;
}
