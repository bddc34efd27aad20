import { Accordion, Alert, Anchor, Code, Group, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { CodeBlock } from "~/ui/CodeBlock";
import { failureOf } from "./failure";

interface Props {
  error: NonNullable<Job["error"]>;
  /** Show a node in the graph. */
  onNode: (nodeId: string) => void;
}

/** Why the job failed: in a sentence, at which node, and with the traceback for those who read it. */
export function FailureNote({ error, onNode }: Props) {
  const { t } = useTranslation("job");
  const { nodeId, nodeTitle, exception, traceback, problems } = failureOf(error);
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle aria-hidden />}
      title={t("failure.title")}
      styles={{ body: { minWidth: 0 } }}
    >
      <Text className="break" style={{ whiteSpace: "pre-line" }}>
        {error.message}
      </Text>
      {problems.length > 1 && (
        <List size="sm" mt="xs">
          {problems.map((problem) => (
            <List.Item key={`${problem.nodeId} ${problem.message}`} className="break">
              {problem.nodeId ? <NodeLink id={problem.nodeId} onNode={onNode} /> : null} {problem.message}
            </List.Item>
          ))}
        </List>
      )}
      <Group gap="xs" mt="xs">
        <Code>{error.code}</Code>
        {exception && <Code>{exception}</Code>}
        {nodeId && <NodeLink id={nodeId} title={nodeTitle} onNode={onNode} />}
      </Group>
      {traceback && (
        <Accordion variant="contained" mt="sm" chevronPosition="left">
          <Accordion.Item value="traceback">
            <Accordion.Control>{t("failure.traceback")}</Accordion.Control>
            <Accordion.Panel>
              <CodeBlock code={traceback} what={t("failure.traceback")} maxHeight={360} />
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      )}
    </Alert>
  );
}

function NodeLink({ id, title, onNode }: { id: string; title?: string | null; onNode: (nodeId: string) => void }) {
  const { t } = useTranslation("job");
  return (
    <Anchor component="button" type="button" size="sm" ta="start" onClick={() => onNode(id)}>
      {title ? t("failure.node", { title, id }) : t("failure.nodeId", { id })}
    </Anchor>
  );
}
