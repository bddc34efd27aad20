import { Button, CloseButton, Group, Paper, Text } from "@mantine/core";
import { IconPlayerStop, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { allows, type JobAction } from "~/jobs/outcome";
import classes from "./Jobs.module.css";

interface Props {
  jobs: Job[];
  onAct: (action: JobAction, jobs: Job[]) => void;
  onClear: () => void;
}

const ACTIONS = [
  ["cancel", IconPlayerStop, undefined],
  ["retry", IconRefresh, undefined],
  ["remove", IconTrash, "red"],
] as const;

/** What can be done with the jobs that are selected. */
export function BulkBar({ jobs, onAct, onClear }: Props) {
  const { t } = useTranslation("jobs");
  if (!jobs.length) return null;
  return (
    <Paper withBorder shadow="md" px="sm" py="xs" className={classes.bulk} role="region" aria-label={t("selection")}>
      <Group gap="xs" justify="center">
        <Text size="sm" fw={600} role="status">
          {t("selected", { count: jobs.length })}
        </Text>
        {ACTIONS.map(([action, Icon, color]) => {
          const able = jobs.filter((job) => allows(job, action));
          return (
            <Button
              key={action}
              size="xs"
              variant="light"
              color={color}
              disabled={!able.length}
              leftSection={<Icon size={14} aria-hidden />}
              onClick={() => onAct(action, able)}
            >
              {able.length === jobs.length ? t(`action.${action}`) : `${t(`action.${action}`)} (${able.length})`}
            </Button>
          );
        })}
        <CloseButton aria-label={t("clear")} onClick={onClear} />
      </Group>
    </Paper>
  );
}
