import { ActionIcon, Badge, Collapse, Group, Paper, Text, Tooltip, UnstyledButton } from "@mantine/core";
import {
  IconAdjustments,
  IconAlertTriangle,
  IconChevronDown,
  IconChevronUp,
  IconEye,
  IconEyeOff,
  IconGripVertical,
} from "@tabler/icons-react";
import { type DragEvent, type KeyboardEvent, memo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import classes from "./EditorRow.module.css";
import { InputDetails } from "./InputDetails";
import { KIND_ICONS } from "./kindIcons";
import type { EditActions } from "./useInputEditor";

const DRAGGED = "application/x-viewcomfy-input";

interface Props {
  input: Input;
  group: string;
  declared: Input | undefined;
  edited: boolean;
  problem: string | undefined;
  open: boolean;
  count: number;
  /** Places of its neighbours in the group; null at an end, and where inputs can't be moved. */
  up: number | null;
  down: number | null;
  movable: boolean;
  actions: EditActions;
  onToggle: (key: string, group: string) => void;
  /** The input `key` was dragged onto this one. */
  onDropOn: (key: string, target: Input) => void;
  onNode?: (nodeId: string) => void;
}

/** One input in the list: what it is at a glance, and all about it when it is opened. */
export const EditorRow = memo(function EditorRow(props: Props) {
  const { input, group, open, movable, actions, onToggle, onDropOn, up, down } = props;
  const { t } = useTranslation("deploy");
  const [over, setOver] = useState(false);
  const Icon = KIND_ICONS[input.kind];
  const Chevron = open ? IconChevronUp : IconChevronDown;
  const drop = (event: DragEvent) => {
    setOver(false);
    const key = event.dataTransfer.getData(DRAGGED);
    if (!key) return;
    event.preventDefault();
    if (key !== input.key) onDropOn(key, input);
  };
  const keys = (event: KeyboardEvent) => {
    const to = event.key === "ArrowUp" ? up : event.key === "ArrowDown" ? down : null;
    if (!event.altKey || to === null) return;
    event.preventDefault();
    actions.move(input.key, to);
  };
  return (
    <Paper
      withBorder
      className={classes.row}
      data-over={over || undefined}
      onDragOver={(event) => {
        if (!movable || !event.dataTransfer.types.includes(DRAGGED)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={movable ? drop : undefined}
    >
      <Group wrap="nowrap" gap={4} px={6} py={6}>
        {movable && <MoveHandle {...props} />}
        <UnstyledButton
          className={classes.title}
          aria-expanded={open}
          onClick={() => onToggle(input.key, group)}
          onKeyDown={movable ? keys : undefined}
          aria-keyshortcuts={movable ? "Alt+ArrowUp Alt+ArrowDown" : undefined}
        >
          <Icon size={18} aria-label={t(`kind.${input.kind}`)} style={{ flexShrink: 0, opacity: 0.75 }} />
          <span style={{ minWidth: 0, flex: 1 }}>
            <Text component="span" display="block" size="sm" fw={600} className="clip">
              {input.label}
            </Text>
            <Text component="span" display="block" size="xs" c="dimmed" className="clip">
              <span className={classes.name}>{input.name}</span> · {input.node_title} #{input.node_id}
            </Text>
          </span>
          <Badges {...props} />
          <Chevron size={16} aria-hidden style={{ flexShrink: 0 }} />
        </UnstyledButton>
        <QuickToggles input={input} actions={actions} />
      </Group>
      <Collapse expanded={open} transitionDuration={0}>
        {open && <InputDetails {...props} />}
      </Collapse>
    </Paper>
  );
});

function Badges({ input, edited, problem }: Props) {
  const { t } = useTranslation("deploy");
  return (
    <Group component="span" gap={4} wrap="nowrap" style={{ flexShrink: 0 }}>
      {problem && (
        <IconAlertTriangle size={16} color="var(--mantine-color-error)" aria-label={t("editor.hasProblem")} />
      )}
      {input.required && (
        <Badge component="span" size="sm" variant="light" color="red" autoContrast className={classes.badge}>
          {t("editor.required")}
        </Badge>
      )}
      {input.locked && (
        <Badge component="span" size="sm" variant="light" color="gray" className={classes.badge}>
          {t("editor.locked")}
        </Badge>
      )}
      {edited && <span className={classes.dot} role="img" aria-label={t("editor.edited")} title={t("editor.edited")} />}
    </Group>
  );
}

function MoveHandle({ input, up, down, actions }: Props) {
  const { t } = useTranslation("deploy");
  const start = (event: DragEvent) => {
    event.dataTransfer.setData(DRAGGED, input.key);
    event.dataTransfer.effectAllowed = "move";
    const row = event.currentTarget.closest(`.${classes.row}`);
    if (row) event.dataTransfer.setDragImage(row, 12, 12);
  };
  return (
    <Group gap={0} wrap="nowrap" style={{ flexShrink: 0 }}>
      <span draggable onDragStart={start} className={classes.grip} title={t("editor.drag")} aria-hidden>
        <IconGripVertical size={16} />
      </span>
      <div className={classes.moves}>
        <ActionIcon
          size={24}
          className={classes.quiet}
          variant="subtle"
          color="gray"
          disabled={up === null}
          aria-label={t("move.up", { name: input.label })}
          onClick={() => up !== null && actions.move(input.key, up)}
        >
          <IconChevronUp size={14} aria-hidden />
        </ActionIcon>
        <ActionIcon
          size={24}
          className={classes.quiet}
          variant="subtle"
          color="gray"
          disabled={down === null}
          aria-label={t("move.down", { name: input.label })}
          onClick={() => down !== null && actions.move(input.key, down)}
        >
          <IconChevronDown size={14} aria-hidden />
        </ActionIcon>
      </div>
    </Group>
  );
}

function QuickToggles({ input, actions }: Pick<Props, "input" | "actions">) {
  const { t } = useTranslation("deploy");
  const advanced = input.advanced ? t("editor.makeBasic") : t("editor.makeAdvanced");
  const shown = input.hidden ? t("editor.show") : t("editor.hide");
  return (
    <Group gap={2} wrap="nowrap" style={{ flexShrink: 0 }}>
      <Tooltip label={advanced}>
        <ActionIcon
          variant={input.advanced ? "light" : "subtle"}
          color={input.advanced ? undefined : "gray"}
          aria-label={`${advanced}: ${input.label}`}
          onClick={() => actions.set(input.key, "advanced", !input.advanced)}
        >
          <IconAdjustments size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={shown}>
        <ActionIcon
          variant={input.hidden ? "light" : "subtle"}
          color={input.hidden ? undefined : "gray"}
          aria-label={`${shown}: ${input.label}`}
          onClick={() => actions.set(input.key, "hidden", !input.hidden)}
        >
          {input.hidden ? <IconEyeOff size={16} aria-hidden /> : <IconEye size={16} aria-hidden />}
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
