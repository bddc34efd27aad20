import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobStatus } from "~/api/types";

const COLOURS: Record<JobStatus, string> = {
  queued: "gray",
  running: "blue",
  succeeded: "teal",
  failed: "red",
  canceled: "yellow",
};

/** Where a job stands. */
export function StatusBadge({ status }: { status: JobStatus }) {
  const { t } = useTranslation();
  return (
    <Badge color={COLOURS[status]} variant="light" style={{ flexShrink: 0 }} autoContrast>
      {t(`status.${status}`)}
    </Badge>
  );
}
