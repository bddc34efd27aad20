import { Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { LogLine } from "~/events/jobNews";
import classes from "./LogLines.module.css";
import { dropped, pieces } from "./search";

const LINE = 20;
const NEAR = 24;

interface Props {
  lines: LogLine[];
  height: number;
  wrap: boolean;
  /** What is marked in the lines. */
  words: string;
  /** The line to show, by index. */
  target: number | null;
  following: boolean;
  onFollow: (following: boolean) => void;
}

/** The lines themselves; only those that can be seen are drawn. */
export function LogLines({ lines, height, wrap, words, target, following, onFollow }: Props) {
  const { t, i18n } = useTranslation("job");
  const box = useRef<HTMLElement>(null);
  const before = useRef(lines);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 12,
    initialRect: { width: 600, height },
  });
  useLayoutEffect(() => {
    // Lines that leave at the top must not move what is being read.
    const gone = dropped(before.current, lines);
    before.current = lines;
    if (following && lines.length) rows.scrollToIndex(lines.length - 1, { align: "end" });
    else if (gone && box.current) box.current.scrollTop -= gone * LINE;
  }, [lines, following, rows]);
  useEffect(() => {
    if (target !== null) rows.scrollToIndex(target, { align: "center" });
  }, [target, rows]);
  const onScroll = () => {
    const el = box.current;
    if (!el) return;
    const atEnd = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR;
    if (atEnd && !following && target === null) onFollow(true);
  };
  // Only a person's own scrolling ends the following: the list scrolls by itself too.
  const leave = () => following && onFollow(false);
  return (
    <section
      ref={box}
      className={classes.box}
      style={{ height }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={t("logs.title")}
      onScroll={onScroll}
      onWheel={(event) => event.deltaY < 0 && leave()}
      onTouchMove={leave}
      onKeyDown={(event) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && leave()}
      onPointerDown={(event) => event.target === box.current && leave()}
    >
      {lines.length === 0 && (
        <Text size="sm" c="dimmed" p="sm">
          {t("logs.empty")}
        </Text>
      )}
      <div style={{ height: rows.getTotalSize(), position: "relative", minWidth: wrap ? undefined : "max-content" }}>
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index];
          if (!line) return null;
          return (
            <div
              key={row.key}
              ref={wrap ? rows.measureElement : undefined}
              data-index={row.index}
              data-target={row.index === target || undefined}
              className={classes.line}
              style={{ transform: `translateY(${row.start}px)`, whiteSpace: wrap ? "pre-wrap" : "pre" }}
            >
              <span className={classes.at}>{clock(line.at, i18n.language)}</span>
              <span className={line.source === "viewcomfy" ? classes.ours : undefined}>
                <Marked text={line.text} words={words} />
              </span>
            </div>
          );
        })}
      </div>
    </section>
  );
}

function Marked({ text, words }: { text: string; words: string }) {
  return pieces(text, words).map((piece, index) => (index % 2 ? <mark key={index}>{piece}</mark> : piece));
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(at: number, language: string): string {
  let format = clocks.get(language);
  if (!format) {
    format = new Intl.DateTimeFormat(language, {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    clocks.set(language, format);
  }
  return format.format(at * 1000);
}
