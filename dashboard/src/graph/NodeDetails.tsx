import { Anchor, CloseButton, Code, Group, Paper, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { writeExact } from "~/api/exactJson";
import type { Workflow } from "~/api/types";
import classes from "./NodeDetails.module.css";
import { isLink, titleOf } from "./readWorkflow";

interface Props {
  workflow: Workflow;
  nodeId: string;
  /** Go to another node. */
  onSelect: (nodeId: string) => void;
  onClose: () => void;
}

/** A node's values in full, and where its other inputs come from. */
export function NodeDetails({ workflow, nodeId, onSelect, onClose }: Props) {
  const { t } = useTranslation("graph");
  const node = workflow[nodeId];
  if (!node) return null;
  return (
    <Paper withBorder p="sm" mt="xs" role="region" aria-label={t("details", { title: titleOf(workflow, nodeId) })}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Group gap="xs">
          <Text fw={600} className="break">
            {titleOf(workflow, nodeId)}
          </Text>
          <Code>{node.class_type}</Code>
          <Text size="sm" c="dimmed">
            #{nodeId}
          </Text>
        </Group>
        <CloseButton aria-label={t("closeDetails")} onClick={onClose} />
      </Group>
      <Table layout="fixed" fz="sm" verticalSpacing={4} mt={4}>
        <Table.Tbody>
          {Object.entries(node.inputs ?? {}).map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={500} w="30%" className="break" style={{ verticalAlign: "top" }}>
                {name}
              </Table.Th>
              <Table.Td>
                {isLink(value) ? (
                  <Anchor
                    component="button"
                    type="button"
                    size="sm"
                    ta="start"
                    onClick={() => onSelect(String(value[0]))}
                  >
                    ← {titleOf(workflow, String(value[0]))} #{value[0]}
                  </Anchor>
                ) : (
                  <div className={classes.value}>{typeof value === "string" ? value : writeExact(value)}</div>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}
