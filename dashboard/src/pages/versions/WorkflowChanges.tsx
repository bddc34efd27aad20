import { Anchor, Badge, Button, Code, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { writeExact } from "~/api/exactJson";
import classes from "./WorkflowChanges.module.css";
import type { NodeChange, ValueChange, WorkflowDiff } from "./workflowDiff";

const SHOWN = 12;
const COLOURS = { added: "teal", removed: "red", changed: "yellow" } as const;

interface Props {
  diff: WorkflowDiff;
  onNode: (side: "before" | "after", nodeId: string) => void;
}

/** The nodes that came, went or changed, with their values. */
export function WorkflowChanges({ diff, onNode }: Props) {
  const { t } = useTranslation("versions");
  const [all, setAll] = useState(false);
  const shown = all ? diff.changes : diff.changes.slice(0, SHOWN);
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {diff.changes.length === 0 ? t("sameWorkflow") : t("unchanged", { count: diff.unchanged })}
        {diff.renumbered > 0 && ` ${t("renumbered", { count: diff.renumbered })}`}
      </Text>
      <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: "none" }}>
        {shown.map((change) => (
          <NodeItem key={`${change.state} ${change.id}`} change={change} onNode={onNode} />
        ))}
      </Stack>
      {diff.changes.length > SHOWN && (
        <div>
          <Button size="xs" variant="default" onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? t("fewer") : t("moreNodes", { count: diff.changes.length - SHOWN })}
          </Button>
        </div>
      )}
    </Stack>
  );
}

function NodeItem({ change, onNode }: { change: NodeChange; onNode: Props["onNode"] }) {
  const { t } = useTranslation("versions");
  return (
    <li>
      <Group gap={6}>
        <Badge color={COLOURS[change.state]} variant="light" autoContrast>
          {t(`node.${change.state}`)}
        </Badge>
        <Anchor
          component="button"
          type="button"
          size="sm"
          fw={600}
          className="break"
          ta="left"
          onClick={() => onNode(change.state === "removed" ? "before" : "after", change.id)}
        >
          {change.title}
        </Anchor>
        <Text size="sm" c="dimmed" className="break">
          #{change.id}
          {change.title === change.classType ? "" : ` · ${change.classType}`}
        </Text>
      </Group>
      {change.titleBefore !== undefined && (
        <Text size="sm" c="dimmed" className="break">
          {t("wasCalled", { title: change.titleBefore })}
        </Text>
      )}
      {change.values.map((value) => (
        <ValueItem key={value.input} value={value} />
      ))}
    </li>
  );
}

function ValueItem({ value }: { value: ValueChange }) {
  const { t } = useTranslation("versions");
  const shown = (one: unknown) =>
    value.isLink && Array.isArray(one) ? t("link", { node: `#${one[0]}`, output: one[1] }) : worded(one, t("nothing"));
  return (
    <div className={classes.value}>
      <Code className="break">{value.input}</Code>
      <Text component="del" size="sm" className={classes.before}>
        {shown(value.before)}
      </Text>
      <Text component="ins" size="sm" className={classes.after}>
        {shown(value.after)}
      </Text>
    </div>
  );
}

function worded(value: unknown, nothing: string): string {
  if (value === undefined || value === null) return nothing;
  return typeof value === "string" ? value : writeExact(value);
}
