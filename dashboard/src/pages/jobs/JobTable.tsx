import { Checkbox } from "@mantine/core";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { JobListProps } from "./JobList";
import { JobRow } from "./JobRow";
import classes from "./Jobs.module.css";
import { useRows } from "./useRows";

const HEIGHT = 60;
const COLUMNS = [
  ["select", 34],
  ["outputs", 58],
  ["state", 112],
  ["deployment", undefined],
  ["key", 112],
  ["when", 128],
  ["queue", 66],
  ["cold", 66],
  ["run", 66],
  ["error", undefined],
  ["actions", 42],
] as const;
const NUMBERS = new Set(["queue", "cold", "run"]);
const UNNAMED = new Set(["outputs", "actions"]);

/** The jobs as a table; only the rows in sight are there. */
export function JobTable({ jobs, more, selection, nameOf, onSelect, onSelectAll, onAct, onEnd, onRow }: JobListProps) {
  const { t } = useTranslation("jobs");
  const body = useRef<HTMLTableSectionElement>(null);
  const { items, offset, size } = useRows({ jobs, height: HEIGHT, top: body, more, onEnd, onRow });
  const above = offset(items[0]?.start ?? 0);
  const below = size - offset(items.at(-1)?.end ?? 0);
  const all = jobs.length > 0 && selection.size >= jobs.length;
  return (
    <table className={classes.table} aria-rowcount={more ? -1 : jobs.length + 1} aria-label={t("title")}>
      <colgroup>
        {COLUMNS.map(([name, width]) => (
          <col key={name} style={{ width }} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {COLUMNS.map(([name]) =>
            name === "select" ? (
              <th key={name} scope="col">
                <Checkbox
                  size="xs"
                  aria-label={t("selectAll")}
                  checked={all}
                  indeterminate={selection.size > 0 && !all}
                  onChange={() => onSelectAll(!all)}
                />
              </th>
            ) : (
              <th
                key={name}
                scope="col"
                className={NUMBERS.has(name) ? classes.num : undefined}
                title={t(`about.${name}`)}
              >
                {UNNAMED.has(name) ? (
                  <span className={classes.hidden}>{t(`column.${name}`)}</span>
                ) : (
                  t(`column.${name}`)
                )}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody ref={body}>
        {above > 0 && <tr aria-hidden style={{ height: above }} />}
        {items.map(({ index, key }) => {
          const job = jobs[index];
          if (!job) return null;
          return (
            <JobRow
              key={key}
              job={job}
              index={index}
              keyName={nameOf(job.key_id)}
              selected={selection.has(job.prompt_id)}
              onSelect={onSelect}
              onAct={onAct}
            />
          );
        })}
        {below > 0 && <tr aria-hidden style={{ height: below }} />}
      </tbody>
    </table>
  );
}
