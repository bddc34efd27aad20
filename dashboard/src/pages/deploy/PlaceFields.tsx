import { NumberInput, Select, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type About, isPoolName } from "./about";

const LEVELS = ["urgent", "normal", "low"] as const;
const MOST_MEMORY = 100_000;

interface Props {
  pool: string;
  priority: number;
  memory: number;
  onChange: (more: Partial<About>) => void;
}

/** Where and when the jobs of a version run. */
export function PlaceFields({ pool, priority, memory, onChange }: Props) {
  const { t } = useTranslation("deploy");
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
    </>
  );
}
