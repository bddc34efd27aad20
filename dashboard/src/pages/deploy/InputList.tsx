import { Group, Paper, Text, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { EditorRow } from "./EditorRow";
import classes from "./EditorRow.module.css";
import { formGroup, type Grouping, type HeaderRow, type InputRow } from "./inputRows";
import type { EditorState } from "./useInputEditor";

const HEIGHT = "min(72vh, 900px)";
const FORM_GROUPS = ["basic", "advanced", "notShown"] as const;

interface Props {
  editor: EditorState;
  problems: Record<string, string>;
  focus: { nodeId: string } | null;
  onNode?: (nodeId: string) => void;
  list: (HeaderRow | InputRow)[];
  grouping: Grouping;
  scrolls: boolean;
  onHeader: (id: string) => void;
  open: ReadonlyMap<string, string>;
  onToggle: (key: string, group: string) => void;
}

/** The rows; of a long list only those in sight are drawn. */
export function InputList({
  list,
  editor,
  problems,
  grouping,
  focus,
  scrolls,
  onHeader,
  onNode,
  open,
  onToggle,
}: Props) {
  const { t } = useTranslation("deploy");
  const frame = useRef<HTMLElement>(null);
  const { actions } = editor;
  const virtual = useVirtualizer({
    count: list.length,
    getScrollElement: () => frame.current,
    estimateSize: (at) => (list[at]?.type === "header" ? 40 : 62),
    getItemKey: (at) => idOf(list[at]),
    overscan: 6,
    enabled: scrolls,
  });
  useFocusedNode(focus, list, frame, scrolls ? (at) => virtual.scrollToIndex(at, { align: "start" }) : null);
  const onDropOn = useCallback(
    (key: string, target: Input) => {
      actions.move(key, target.order);
      const group = formGroup(target);
      if (group !== "notShown") actions.set(key, "advanced", group === "advanced");
      actions.set(key, "hidden", target.hidden);
    },
    [actions],
  );
  const draw = (row: HeaderRow | InputRow | undefined) => {
    if (!row) return null;
    if (row.type === "header")
      return <GroupHeader row={row} grouping={grouping} found={focus?.nodeId === row.id} onHeader={onHeader} />;
    const { input, previous, next } = row;
    const movable = grouping === "form";
    return (
      <EditorRow
        input={input}
        group={row.group}
        declared={editor.declared.get(input.key)}
        edited={editor.edited.has(input.key)}
        problem={problems[input.key]}
        open={open.has(input.key)}
        count={editor.inputs.length}
        up={movable && previous ? previous.order : null}
        down={movable && next ? next.order : null}
        {...{ movable, actions, onToggle, onDropOn, onNode }}
      />
    );
  };
  if (!scrolls) {
    return (
      <section ref={frame} aria-label={t("editor.label")} style={{ display: "grid", gap: 6 }}>
        {list.map((row) => (
          <div key={idOf(row)} data-row={idOf(row)} style={{ minWidth: 0 }}>
            {draw(row)}
          </div>
        ))}
      </section>
    );
  }
  return (
    <Paper withBorder p={6} bg="transparent">
      <section ref={frame} style={{ maxHeight: HEIGHT, overflowY: "auto" }} aria-label={t("editor.label")}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map(({ index, key, start }) => (
            <div
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              style={{
                position: "absolute",
                insetInline: 0,
                top: 0,
                transform: `translateY(${start}px)`,
                paddingBottom: 6,
              }}
            >
              {draw(list[index])}
            </div>
          ))}
        </div>
      </section>
    </Paper>
  );
}

interface HeaderProps {
  row: HeaderRow;
  grouping: Grouping;
  /** Whether it is the node that was chosen in the graph. */
  found: boolean;
  onHeader: (id: string) => void;
}

function GroupHeader({ row, grouping, found, onHeader }: HeaderProps) {
  const { t } = useTranslation("deploy");
  const Chevron = row.open ? IconChevronDown : IconChevronRight;
  const group = FORM_GROUPS.find((one) => one === row.id);
  return (
    <UnstyledButton
      className={classes.header}
      data-found={found || undefined}
      aria-expanded={row.open}
      onClick={() => onHeader(row.id)}
    >
      <Group gap={6} wrap="nowrap">
        <Chevron size={16} aria-hidden style={{ flexShrink: 0 }} />
        <Text size="sm" fw={650} className="clip">
          {grouping === "form" && group ? t(`editor.group.${group}`) : row.title}
        </Text>
        <Text size="sm" c="dimmed" className="clip" style={{ flex: 1, minWidth: 0 }}>
          {grouping === "nodes" ? `#${row.id}${row.classType === row.title ? "" : ` · ${row.classType}`}` : ""}
        </Text>
        <Text size="sm" c="dimmed">
          {row.count}
        </Text>
      </Group>
    </UnstyledButton>
  );
}

/** Bring a node's inputs into sight once they are listed. */
function useFocusedNode(
  focus: Props["focus"],
  list: (HeaderRow | InputRow)[],
  frame: RefObject<HTMLElement | null>,
  scrollTo: ((at: number) => void) | null,
): void {
  const done = useRef<Props["focus"]>(null);
  useEffect(() => {
    if (!focus || done.current === focus) return;
    const at = list.findIndex((row) => row.type === "header" && row.id === focus.nodeId);
    const box = frame.current;
    if (at < 0 || !box) return;
    done.current = focus;
    if (scrollTo) {
      scrollTo(at);
      box.scrollIntoView({ block: "nearest" });
      return;
    }
    const header = [...box.children].find((child) => (child as HTMLElement).dataset.row === idOf(list[at]));
    header?.scrollIntoView({ block: "start" });
    header?.querySelector("button")?.focus({ preventScroll: true });
  }, [focus, list, frame, scrollTo]);
}

function idOf(row: HeaderRow | InputRow | undefined): string {
  if (!row) return "";
  return row.type === "header" ? `# ${row.id}` : row.input.key;
}
