import { Anchor, Checkbox, Group, Text } from "@mantine/core";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { jobHref } from "~/jobs/jobHref";
import { Seconds } from "~/jobs/Seconds";
import { Ago } from "~/ui/Ago";
import { StatusBadge } from "~/ui/StatusBadge";
import { JobMenu } from "./JobMenu";
import type { JobItemProps } from "./JobRow";
import classes from "./Jobs.module.css";
import { JobThumb } from "./JobThumb";

/** One job as a card, where a table has no room. */
export const JobCard = memo(function JobCard({ job, keyName, selected, onSelect, onAct }: Omit<JobItemProps, "index">) {
  const { t } = useTranslation("jobs");
  return (
    <div className={classes.cardBody} data-selected={selected || undefined}>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <Checkbox
          size="sm"
          mt={12}
          aria-label={t("select", { deployment: job.deployment, id: job.prompt_id.slice(0, 8) })}
          checked={selected}
          onChange={(event) => onSelect(job.prompt_id, event.currentTarget.checked)}
        />
        <JobThumb job={job} />
        <div style={{ flex: 1, minWidth: 0 }}>
          <Anchor component={Link} href={jobHref(job)} className="clip" display="block" size="sm" fw={600} c="inherit">
            {job.deployment}
          </Anchor>
          <Group gap={6} wrap="nowrap">
            <StatusBadge status={job.status} />
            <Text size="xs" c="dimmed" className="clip">
              <Ago at={job.created_at} />
            </Text>
          </Group>
          {job.error ? (
            <Text size="xs" className={`${classes.two} ${classes.error}`} title={job.error.message} mt={4}>
              {job.error.message}
            </Text>
          ) : (
            <Text size="xs" c="dimmed" mt={4} className={classes.two}>
              {keyName} · {t("column.queue")} <Seconds job={job} of="queue" /> · {t("column.run")}{" "}
              <Seconds job={job} of="run" />
            </Text>
          )}
        </div>
        <JobMenu job={job} onAct={onAct} />
      </Group>
    </div>
  );
});
