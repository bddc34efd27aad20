import { ActionIcon, Box, Group, Text, TextInput, Tooltip } from "@mantine/core";
import {
  IconArrowBarToDown,
  IconChevronDown,
  IconChevronUp,
  IconDownload,
  IconSearch,
  IconTextWrap,
} from "@tabler/icons-react";
import { type KeyboardEvent, useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LogLine } from "~/events/jobNews";
import { CopyButton } from "~/ui/CopyButton";
import { saveFile } from "~/ui/saveFile";
import { LogLines } from "./LogLines";
import { asText, found } from "./search";

interface Props {
  lines: LogLine[];
  height?: number;
}

/** A log of any length: search it, follow its end, copy or download it. */
export function LogView({ lines, height = 320 }: Props) {
  const { t } = useTranslation("job");
  const [words, setWords] = useState("");
  const [current, setCurrent] = useState(0);
  const [wrap, setWrap] = useState(true);
  const [following, setFollowing] = useState(true);
  const wanted = useDeferredValue(words);
  const hits = useMemo(() => found(lines, wanted), [lines, wanted]);
  const at = hits.length ? Math.min(current, hits.length - 1) : 0;
  const go = (step: number) => {
    setFollowing(false);
    setCurrent(hits.length ? (at + step + hits.length) % hits.length : 0);
  };
  const search = (value: string) => {
    setWords(value);
    setCurrent(0);
    if (value.trim()) setFollowing(false);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") search("");
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  };
  return (
    <Box>
      <Group gap="xs" mb="xs" wrap="nowrap" justify="space-between">
        <TextInput
          size="xs"
          flex="1 1 8rem"
          maw={320}
          miw={0}
          leftSection={<IconSearch size={14} aria-hidden />}
          aria-label={t("logs.search")}
          placeholder={t("logs.search")}
          value={words}
          onChange={(event) => search(event.currentTarget.value)}
          onKeyDown={onKey}
        />
        {words.trim() && (
          <Group gap={2} wrap="nowrap">
            <Text size="xs" c="dimmed" role="status" style={{ whiteSpace: "nowrap" }}>
              {hits.length ? t("logs.hit", { at: at + 1, count: hits.length }) : t("logs.noHit")}
            </Text>
            <Step label={t("logs.previous")} icon={IconChevronUp} onClick={() => go(-1)} disabled={!hits.length} />
            <Step label={t("logs.next")} icon={IconChevronDown} onClick={() => go(1)} disabled={!hits.length} />
          </Group>
        )}
        <Group gap={2} wrap="nowrap" ml="auto">
          <Step
            label={t("logs.follow")}
            icon={IconArrowBarToDown}
            pressed={following}
            onClick={() => setFollowing(!following)}
          />
          <Step label={t("logs.wrap")} icon={IconTextWrap} pressed={wrap} onClick={() => setWrap(!wrap)} />
          <CopyAll lines={lines} />
          <Step
            label={t("logs.download")}
            icon={IconDownload}
            onClick={() => saveFile(asText(lines), "log.txt")}
            disabled={!lines.length}
          />
        </Group>
      </Group>
      {/* The way of wrapping changes every height, so the list starts anew. */}
      <LogLines
        key={String(wrap)}
        lines={lines}
        height={height}
        wrap={wrap}
        words={wanted}
        target={hits[at] ?? null}
        following={following}
        onFollow={setFollowing}
      />
    </Box>
  );
}

interface StepProps {
  label: string;
  icon: typeof IconSearch;
  onClick: () => void;
  disabled?: boolean;
  pressed?: boolean;
}

function Step({ label, icon: Icon, onClick, disabled, pressed }: StepProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant={pressed ? "light" : "subtle"}
        color={pressed ? undefined : "gray"}
        aria-label={label}
        aria-pressed={pressed}
        onClick={onClick}
        disabled={disabled}
      >
        <Icon size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

/** Made only when it is asked for: five thousand lines are not joined ten times a second. */
function CopyAll({ lines }: { lines: LogLine[] }) {
  const { t } = useTranslation("job");
  const [over, setOver] = useState(false);
  const value = useMemo(() => (over ? asText(lines) : ""), [over, lines]);
  return (
    <Box onPointerEnter={() => setOver(true)} onFocus={() => setOver(true)} onPointerLeave={() => setOver(false)}>
      <CopyButton value={value} what={t("logs.title")} />
    </Box>
  );
}
