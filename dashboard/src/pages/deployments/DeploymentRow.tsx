import { Anchor, Badge, Box, Button, Group, Paper, Text, Title } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { Health } from "~/health/Health";
import { percent } from "~/ui/percent";
import classes from "./DeploymentRow.module.css";
import type { Row } from "./rows";

/** One deployment: what it is, how it does, and the way to its playground. */
export function DeploymentRow({ row, known }: { row: Row; known: boolean }) {
  const { t } = useTranslation("deployments");
  const { name, title, description, current_version, canary_version, canary_percent } = row.deployment;
  return (
    <Paper withBorder p="md" component="li">
      <Group justify="space-between" gap="md">
        <Box style={{ flex: "1 1 16rem", minWidth: 0 }}>
          <Title order={2} size="h4" className="break">
            <Anchor component={Link} href={`/deployments/${name}`} inherit>
              {title || name}
            </Anchor>
          </Title>
          <Group gap="xs" mt={4}>
            {title && (
              <Text size="sm" c="dimmed" ff="monospace" className="break">
                {name}
              </Text>
            )}
            <Text size="sm" c="dimmed">
              {t("version", { version: current_version })}
            </Text>
            {canary_version !== null && (
              <Badge variant="outline">{t("canary", { percent: canary_percent, version: canary_version })}</Badge>
            )}
          </Group>
          {description && (
            <Text size="sm" mt={4} className="break" lineClamp={2}>
              {description}
            </Text>
          )}
        </Box>
        <div className={classes.facts}>
          <div className={classes.figures}>{known && <Figures row={row} />}</div>
          <div>
            <Health name={name} />
          </div>
          <Button
            component={Link}
            href={`/play/${name}`}
            variant="default"
            leftSection={<IconPlayerPlay size={16} aria-hidden />}
            aria-label={t("playWhat", { name: title || name })}
          >
            {t("play")}
          </Button>
        </div>
      </Group>
    </Paper>
  );
}

function Figures({ row: { jobs, successRate } }: { row: Row }) {
  const { t, i18n } = useTranslation("deployments");
  return (
    <>
      <Text size="sm">{jobs ? t("jobs", { count: jobs }) : t("noJobs")}</Text>
      {successRate !== null && (
        <Text size="sm" c="dimmed">
          {t("succeeded", { percent: percent(successRate, i18n.language) })}
        </Text>
      )}
    </>
  );
}
