import { Alert, Badge, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconHelpCircle, IconXboxX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Report } from "~/api/types";
import { verdict } from "./problemGroups";

const LOOKS = {
  runs: { color: "teal", icon: IconCircleCheck },
  runsOnSome: { color: "yellow", icon: IconAlertTriangle },
  nothing: { color: "red", icon: IconXboxX },
  notChecked: { color: "blue", icon: IconHelpCircle },
} as const;
const NAMED = 12;

/** The first line of a report: where it runs. */
export function Verdict({ report }: { report: Report }) {
  const { t } = useTranslation("deploy");
  const said = verdict(report);
  const { color, icon: Icon } = LOOKS[said];
  const errors = report.problems.filter((problem) => problem.severity === "error").length;
  const counts = [
    errors > 0 && t("report.errors", { count: errors }),
    report.problems.length > errors && t("report.warnings", { count: report.problems.length - errors }),
  ].filter(Boolean);
  return (
    <Alert
      color={color}
      icon={<Icon aria-hidden />}
      role="status"
      title={t(`report.${said}`, { count: report.backends.length, some: report.can_run_on.length })}
    >
      <Text size="sm">{t(`report.${said}Means`)}</Text>
      {said === "notChecked" && (
        <Text size="xs" mt={4} className="break" lang="en">
          {report.summary}
        </Text>
      )}
      {counts.length > 0 && (
        <Text size="sm" mt={4}>
          {counts.join(t("report.and"))}
        </Text>
      )}
      {report.backends.length > 0 && <BackendList report={report} />}
    </Alert>
  );
}

function BackendList({ report }: { report: Report }) {
  const { t } = useTranslation("deploy");
  const rest = report.backends.length - NAMED;
  return (
    <Group gap={6} mt="xs" aria-label={t("report.backends")} role="list">
      {report.backends.slice(0, NAMED).map((name) => {
        const runs = report.can_run_on.includes(name);
        return (
          <Badge
            miw={0}
            key={name}
            role="listitem"
            variant="default"
            maw="100%"
            leftSection={
              runs ? (
                <IconCircleCheck size={14} color="var(--mantine-color-teal-filled)" aria-label={t("report.canRun")} />
              ) : (
                <IconXboxX size={14} color="var(--mantine-color-red-filled)" aria-label={t("report.cannotRun")} />
              )
            }
          >
            {name}
          </Badge>
        );
      })}
      {rest > 0 && <Text size="sm">{t("report.moreBackends", { count: rest })}</Text>}
    </Group>
  );
}
