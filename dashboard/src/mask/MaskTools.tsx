import { ActionIcon, Box, Center, Group, SegmentedControl, Slider, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconBrush,
  IconContrast,
  IconEraser,
  IconHandMove,
  IconMaximize,
  IconTrash,
  IconZoomIn,
  IconZoomOut,
} from "@tabler/icons-react";
import { type ComponentType, type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { fromSlider, toSlider } from "./brush";
import type { Command } from "./shortcuts";
import type { Tool } from "./usePainting";

interface Props {
  tool: Tool;
  width: number;
  most: number;
  opacity: number;
  canUndo: boolean;
  canRedo: boolean;
  isBlank: boolean;
  onWidth: (width: number) => void;
  onOpacity: (opacity: number) => void;
  onClear: () => void;
  onCommand: (command: Command) => void;
}

const TOOLS: [Tool, ComponentType<{ size: number }>, string][] = [
  ["brush", IconBrush, "B"],
  ["eraser", IconEraser, "E"],
  ["move", IconHandMove, "H"],
];

/** What can be painted with, and taken back. */
export function MaskTools({ onCommand, onClear, ...state }: Props) {
  const { t } = useTranslation("mask");
  return (
    <Group gap="sm" role="group" aria-label={t("tools")} wrap="wrap">
      <SegmentedControl
        value={state.tool}
        onChange={(tool) => onCommand(tool as Tool)}
        aria-label={t("tools")}
        data={TOOLS.map(([tool, Icon, key]) => ({
          value: tool,
          label: (
            <Tooltip label={`${t(`tool.${tool}`)} (${key})`}>
              <Center h={22} px={4}>
                <Icon size={20} aria-hidden />
                <VisuallyHidden>{t(`tool.${tool}`)}</VisuallyHidden>
              </Center>
            </Tooltip>
          ),
        }))}
      />
      <ActionIcon.Group>
        <Act
          label={t("undo")}
          keys="Ctrl+Z"
          icon={IconArrowBackUp}
          disabled={!state.canUndo}
          onClick={() => onCommand("undo")}
        />
        <Act
          label={t("redo")}
          keys="Ctrl+Y"
          icon={IconArrowForwardUp}
          disabled={!state.canRedo}
          onClick={() => onCommand("redo")}
        />
        <Act label={t("clear")} icon={IconTrash} disabled={state.isBlank} onClick={onClear} />
        <Act label={t("invert")} keys="I" icon={IconContrast} onClick={() => onCommand("invert")} />
      </ActionIcon.Group>
      <Labelled label={t("size")} value={t("sizeOf", { pixels: state.width })}>
        {(id) => (
          <Slider
            value={toSlider(state.width, state.most)}
            onChange={(place) => state.onWidth(fromSlider(place, state.most))}
            step={0.5}
            label={null}
            thumbProps={{ "aria-labelledby": id }}
            thumbValueText={() => t("sizeOf", { pixels: state.width })}
          />
        )}
      </Labelled>
      <Labelled label={t("opacity")} value={`${Math.round(state.opacity * 100)}%`}>
        {(id) => (
          <Slider
            min={0.1}
            max={1}
            step={0.05}
            value={state.opacity}
            onChange={state.onOpacity}
            label={null}
            thumbProps={{ "aria-labelledby": id }}
            thumbValueText={() => `${Math.round(state.opacity * 100)}%`}
          />
        )}
      </Labelled>
      <ActionIcon.Group>
        <Act label={t("zoomOut")} keys="−" icon={IconZoomOut} onClick={() => onCommand("zoomOut")} />
        <Act label={t("fit")} keys="0" icon={IconMaximize} onClick={() => onCommand("fit")} />
        <Act label={t("zoomIn")} keys="+" icon={IconZoomIn} onClick={() => onCommand("zoomIn")} />
      </ActionIcon.Group>
    </Group>
  );
}

interface ActProps {
  label: string;
  keys?: string;
  icon: ComponentType<{ size: number }>;
  disabled?: boolean;
  onClick: () => void;
}

function Act({ label, keys, icon: Icon, disabled, onClick }: ActProps) {
  return (
    <Tooltip label={keys ? `${label} (${keys})` : label}>
      <ActionIcon variant="default" size={36} aria-label={label} disabled={disabled} onClick={onClick}>
        <Icon size={20} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

function Labelled({ label, value, children }: { label: string; value: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <Box flex="1 1 8rem" miw={120} maw={220}>
      <Group justify="space-between" wrap="nowrap" gap={4} mb={2}>
        <Text size="xs" id={id} truncate>
          {label}
        </Text>
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          {value}
        </Text>
      </Group>
      {children(id)}
    </Box>
  );
}
