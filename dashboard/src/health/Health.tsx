import { HealthBadge } from "./HealthBadge";
import { healthOf } from "./healthOf";
import { useReport } from "./useReport";

/** Whether it can run now; nothing until that is known. */
export function Health({ name }: { name: string }) {
  const report = useReport(name);
  return report.data ? <HealthBadge health={healthOf(report.data)} /> : null;
}
