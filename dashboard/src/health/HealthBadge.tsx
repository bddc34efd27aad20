import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Health } from "./healthOf";

const COLOURS: Record<Health, string> = { ok: "teal", warning: "yellow", error: "red", unknown: "gray" };

/** Whether a deployment can run now. */
export function HealthBadge({ health }: { health: Health }) {
  const { t } = useTranslation("deployments");
  return (
    <Badge color={COLOURS[health]} variant="light" style={{ flexShrink: 0 }}>
      {t(`health.${health}`)}
    </Badge>
  );
}
