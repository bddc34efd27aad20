import { Anchor, Checkbox, Text } from "@mantine/core";
import { type MouseEvent, memo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import type { Job } from "~/api/types";
import { jobHref } from "~/jobs/jobHref";
import type { JobAction } from "~/jobs/outcome";
import { Seconds } from "~/jobs/Seconds";
import { Ago } from "~/ui/Ago";
import { StatusBadge } from "~/ui/StatusBadge";
import { JobMenu } from "./JobMenu";
import classes from "./Jobs.module.css";
import { JobThumb } from "./JobThumb";

export interface JobItemProps {
  job: Job;
  /** Where it stands in the list, from 0. */
  index: number;
  keyName: string;
  selected: boolean;
  onSelect: (promptId: string, selected: boolean) => void;
  onAct: (action: JobAction, jobs: Job[]) => void;
}

/** One job as a row of the table; a click anywhere opens it. */
export const JobRow = memo(function JobRow({ job, index, keyName, selected, onSelect, onAct }: JobItemProps) {
  const { t } = useTranslation("jobs");
  const [, go] = useLocation();
  const href = jobHref(job);
  const open = (event: MouseEvent) => {
    if ((event.target as HTMLElement).closest("a, button, input, label, [role=menu]")) return;
    if (window.getSelection()?.toString()) return; // a text was being marked
    go(href);
  };
  return (
    // By keyboard, the link in the row does the same.
    <tr className={classes.row} data-selected={selected || undefined} aria-rowindex={index + 2} onClick={open}>
      <td>
        <Checkbox
          size="xs"
          aria-label={t("select", { deployment: job.deployment, id: job.prompt_id.slice(0, 8) })}
          checked={selected}
          onChange={(event) => onSelect(job.prompt_id, event.currentTarget.checked)}
        />
      </td>
      <td>
        <JobThumb job={job} />
      </td>
      <td>
        <StatusBadge status={job.status} />
      </td>
      <td>
        <Anchor
          component={Link}
          href={href}
          className="clip"
          display="block"
          title={job.deployment}
          c="inherit"
          size="sm"
          fw={600}
        >
          {job.deployment}
        </Anchor>
        <Text size="xs" c="dimmed">
          {t("version", { version: job.version })}
        </Text>
      </td>
      <td className="clip" title={keyName}>
        {keyName}
      </td>
      <td className="clip">
        <Ago at={job.created_at} />
      </td>
      <td className={classes.num}>
        <Seconds job={job} of="queue" />
      </td>
      <td className={classes.num}>
        <Seconds job={job} of="cold" />
      </td>
      <td className={classes.num}>
        <Seconds job={job} of="run" />
      </td>
      <td>
        {job.error && (
          <Text size="xs" className={`${classes.two} ${classes.error}`} title={job.error.message}>
            {job.error.message}
          </Text>
        )}
      </td>
      <td>
        <JobMenu job={job} onAct={onAct} />
      </td>
    </tr>
  );
});
