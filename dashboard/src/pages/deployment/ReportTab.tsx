import { Button, Group, Stack, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { DeploymentDetail } from "~/api/types";
import { useReport } from "~/health/useReport";
import { ReportView } from "~/report/ReportView";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { PlaceCard } from "./PlaceCard";

/** What it needs, where it can run now, and what keeps it from the other backends. */
export default function ReportTab({ deployment }: { deployment: DeploymentDetail }) {
  return (
    <Stack gap="md">
      <PlaceCard deployment={deployment} />
      <Where name={deployment.name} />
    </Stack>
  );
}

function Where({ name }: { name: string }) {
  const { t } = useTranslation("deployment");
  const report = useReport(name);
  if (report.isPending) return <Loading />;
  if (report.isError) return <ErrorNote error={report.error} onRetry={() => report.refetch()} />;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" style={{ flex: "1 1 16rem" }}>
          {t("report.text")}
        </Text>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconRefresh size={14} aria-hidden />}
          loading={report.isFetching}
          onClick={() => report.refetch()}
        >
          {t("report.again")}
        </Button>
      </Group>
      <ReportView report={report.data} />
    </Stack>
  );
}
