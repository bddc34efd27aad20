import { NumberInput, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import { type About, isPoolName, type shownAbout } from "./about";

const LEVELS = ["urgent", "normal", "low"] as const;
const MOST_MEMORY = 100_000;

interface Props {
  shown: Pick<ReturnType<typeof shownAbout>, "pool" | "priority" | "memory" | "environment">;
  onChange: (more: Partial<About>) => void;
}

/** Where and when the jobs of a version run. */
export function PlaceFields({ shown: { pool, priority, memory, environment }, onChange }: Props) {
  const { t } = useTranslation("deploy");
  const known = useEnvironments();
  return (
    <>
      <TextInput
        label={t("about.pool")}
        description={t("about.poolHelp")}
        maxLength={63}
        spellCheck={false}
        autoCapitalize="off"
        value={pool}
        error={!isPoolName(pool) && t("about.poolProblem")}
        onChange={(event) => onChange({ pool: event.currentTarget.value })}
      />
      <Select
        label={t("about.priority")}
        description={t("about.priorityHelp")}
        data={LEVELS.map((level, number) => ({ value: String(number), label: t(`about.${level}`) }))}
        value={String(priority)}
        allowDeselect={false}
        onChange={(value) => onChange({ priority: Number(value) })}
      />
      <NumberInput
        label={t("about.memory")}
        description={t("about.memoryHelp")}
        min={0}
        max={MOST_MEMORY}
        suffix=" GiB"
        value={memory}
        onChange={(value) => onChange({ memory: Number(value) || 0 })}
      />
      <Select
        label={t("about.environment")}
        description={t("about.environmentHelp")}
        data={[
          { value: "", label: t("about.anyEnvironment") },
          ...[...new Set([...known, environment])].filter(Boolean).map((id) => ({ value: id, label: id })),
        ]}
        value={environment}
        allowDeselect={false}
        onChange={(value) => onChange({ environment: value ?? "" })}
      />
    </>
  );
}

/** The environments that some backend has. */
function useEnvironments(): string[] {
  const { data } = useQuery({
    queryKey: ["workers"],
    queryFn: async () => must(await api.GET("/api/workers")),
  });
  const backends = data?.workers.flatMap((worker) => worker.backends) ?? [];
  return backends.map((backend) => backend.environment ?? "").sort();
}
