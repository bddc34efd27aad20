import { Button, Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconArrowBackUp, IconSearch } from "@tabler/icons-react";
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { InputList } from "./InputList";
import { type Grouping, rows, type Showing } from "./inputRows";
import type { EditorState } from "./useInputEditor";

/** Up to so many inputs are listed at full length; more get a list that scrolls, closed by node. */
const MANY = 40;
const SHOWINGS: Showing[] = ["all", "basic", "advanced", "notShown", "edited", "problems"];

interface Props {
  editor: EditorState;
  problems: Record<string, string>;
  /** The node whose inputs are to be seen; a new object each time that it is asked for. */
  focus: { nodeId: string } | null;
  onNode?: (nodeId: string) => void;
}

/** The list of a workflow's inputs, in which an owner says how callers see them. */
export function InputEditor({ editor, problems, focus, onNode }: Props) {
  const { t } = useTranslation("deploy");
  const many = editor.inputs.length > MANY;
  const [chosen, setGrouping] = useState<Grouping | null>(null);
  const [showing, setShowing] = useState<Showing>("all");
  const [filter, setFilter] = useState("");
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const grouping = chosen ?? (many ? "nodes" : "form");
  const [open, setOpen] = useState<ReadonlyMap<string, string>>(new Map());
  const onToggle = useCallback((key: string, group: string) => {
    setOpen((now) => {
      const next = new Map(now);
      if (!next.delete(key)) next.set(key, group);
      return next;
    });
  }, []);
  const sought = useDeferredValue(filter);
  const list = useMemo(() => {
    const view = { grouping, showing, filter: sought, toggled, openByDefault: !many, pinned: open };
    return rows(editor.inputs, view, editor.edited, problems);
  }, [editor.inputs, editor.edited, problems, grouping, showing, sought, toggled, many, open]);
  const toggle = useCallback((id: string) => setToggled((now) => toggledOne(now, id)), []);
  useEffect(() => {
    if (!focus) return;
    setGrouping("nodes");
    setShowing("all");
    setFilter("");
    setToggled((now) => (many && !now.has(focus.nodeId) ? toggledOne(now, focus.nodeId) : now));
  }, [focus, many]);
  const regroup = (value: string) => {
    setGrouping(value as Grouping);
    setToggled(new Set());
    setOpen(new Map());
  };
  return (
    <Stack gap="sm">
      <Group gap="xs" align="flex-end">
        <TextInput
          style={{ flex: "1 1 12rem" }}
          leftSection={<IconSearch size={16} aria-hidden />}
          placeholder={t("editor.filter")}
          aria-label={t("editor.filter")}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
        <Select
          w={150}
          aria-label={t("editor.showing")}
          data={SHOWINGS.map((value) => ({ value, label: t(`editor.show_.${value}`) }))}
          value={showing}
          allowDeselect={false}
          onChange={(value) => value && setShowing(value as Showing)}
        />
        <SegmentedControl
          aria-label={t("editor.grouping")}
          data={[
            { value: "form", label: t("editor.byForm") },
            { value: "nodes", label: t("editor.byNode") },
          ]}
          value={grouping}
          onChange={regroup}
        />
      </Group>
      <Group justify="space-between" gap="xs" mih={30}>
        <Text size="sm" c="dimmed" aria-live="polite">
          {t("editor.count", { count: editor.inputs.length, edited: editor.edited.size })}
        </Text>
        {editor.dirty && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconArrowBackUp size={14} aria-hidden />}
            onClick={editor.actions.resetAll}
          >
            {t("editor.discard")}
          </Button>
        )}
      </Group>
      {list.length === 0 ? (
        <Text c="dimmed" ta="center" py="xl">
          {editor.inputs.length ? t("editor.nothingFound") : t("editor.noInputs")}
        </Text>
      ) : (
        <InputList
          {...{ list, editor, problems, grouping, focus, onNode, onHeader: toggle, scrolls: many, open, onToggle }}
        />
      )}
    </Stack>
  );
}

function toggledOne(now: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(now);
  if (!next.delete(id)) next.add(id);
  return next;
}
