import { Group, Progress, SimpleGrid, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Backend } from "~/api/types";
import { size } from "~/ui/size";
import { duration } from "~/ui/time";
import { used } from "./condition";

/** What is known of a backend: device, memory, models, starts. */
export function BackendFacts({ backend }: { backend: Backend }) {
  const { t } = useTranslation("backends");
  const starts = backend.starts
    ? t("startsValue", { count: backend.starts, seconds: duration(backend.start_seconds_total / backend.starts) })
    : t("startsNone");
  return (
    <SimpleGrid component="dl" m={0} cols={{ base: 1, xs: 2 }} spacing="lg" verticalSpacing="xs">
      <Fact name={t("device")}>{backend.device ?? t("unknown")}</Fact>
      <Fact name={t("version")}>{backend.comfyui_version ?? t("unknown")}</Fact>
      <Fact name={t("starts")}>{starts}</Fact>
      <Fact name={t("failures")}>{backend.failures}</Fact>
      {backend.device !== "cpu" && <Memory name={t("vram")} free={backend.vram_free} total={backend.vram_total} />}
      <Memory name={t("ram")} free={backend.ram_free} total={backend.ram_total} />
      {backend.environment && (
        <Fact name={t("environment")}>
          {backend.environment}
          {backend.aside && ` – ${t("aside")}`}
        </Fact>
      )}
      {backend.warm_up && (
        <Fact name={t("warmUp")}>
          <WarmUp {...backend.warm_up} />
        </Fact>
      )}
      {backend.warm.length > 0 && <Fact name={t("warm")}>{backend.warm.join(", ")}</Fact>}
    </SimpleGrid>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text component="dt" size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="dd" m={0} size="sm" className="break">
        {children}
      </Text>
    </div>
  );
}

function WarmUp({ state, deployment, seconds, error }: NonNullable<Backend["warm_up"]>) {
  const { t } = useTranslation("backends");
  return (
    <>
      {deployment}: {t(`warmUpState.${state}`)}
      {seconds !== null && ` (${duration(seconds)})`}
      {error && (
        <Text span size="sm" c="red" lang="en">
          {" "}
          {error}
        </Text>
      )}
    </>
  );
}

function Memory({ name, free, total }: { name: string; free: number | null; total: number | null }) {
  const { t } = useTranslation("backends");
  const percent = used(free, total);
  if (percent === null || free === null || total === null) return null;
  const value = t("memory", { used: size(total - free), total: size(total) });
  return (
    <div>
      <Text component="dt" size="xs" c="dimmed">
        {name}
      </Text>
      <Group component="dd" m={0} gap="xs" wrap="nowrap">
        <Progress
          value={percent}
          color={percent > 92 ? "red" : undefined}
          style={{ flex: 1 }}
          aria-label={`${name}: ${value}`}
        />
        <Text size="xs">{value}</Text>
      </Group>
    </div>
  );
}
