import { Button, Chip, Group, Select, Stack, TextInput } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import type { JobStatus, Key } from "~/api/types";
import { ADMIN } from "~/jobs/keyNames";
import { type Filters, RANGES, type Range, STATUSES } from "./filters";

interface Props {
  filters: Filters;
  filtered: boolean;
  keys: Key[];
  nameOf: (keyId: string) => string;
  onChange: (filters: Filters) => void;
  onClear: () => void;
}

/** A field for a day and a time. */
const MOMENT = { size: "xs", flex: "1 1 9rem", maw: { base: undefined, sm: 190 }, type: "datetime-local" } as const;

/** Which jobs are shown: by state, deployment, key and time. */
export function JobFilters({ filters, filtered, keys, nameOf, onChange, onClear }: Props) {
  const { t } = useTranslation(["jobs", "common"]);
  const deployments = useQuery({
    queryKey: ["deployments"],
    queryFn: async () => must(await api.GET("/api/deployments")),
    staleTime: 10_000,
  });
  const set = (changed: Partial<Filters>) => onChange({ ...filters, ...changed });
  const names = withOwn(deployments.data?.map(({ name }) => name) ?? [], filters.deployment);
  const keyIds = withOwn([ADMIN, ...keys.map((key) => key.client_id)], filters.key);
  const ranges = [...Object.keys(RANGES), "custom"] as (Range | "custom")[];
  const field = (name: "deployment" | "key" | "time") =>
    ({
      size: "xs",
      flex: "1 1 9rem",
      maw: { base: undefined, sm: name === "time" ? 180 : 220 },
      clearable: true,
      label: t(`filter.${name}`),
      placeholder: t("filter.any"),
      clearButtonProps: { "aria-label": t("filter.clearOne", { what: t(`filter.${name}`) }) },
    }) as const;
  return (
    <Stack gap="sm" component="search" aria-label={t("filter.label")}>
      <Chip.Group multiple value={filters.statuses} onChange={(statuses) => set({ statuses: statuses as JobStatus[] })}>
        <Group gap={6} role="group" aria-label={t("filter.state")}>
          {STATUSES.map((status) => (
            <Chip key={status} value={status} size="xs" variant="light">
              {t(`common:status.${status}`)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Group gap="xs" align="flex-end">
        <Select
          {...field("deployment")}
          searchable
          data={names}
          value={filters.deployment}
          onChange={(deployment) => set({ deployment })}
        />
        <Select
          {...field("key")}
          searchable
          data={keyIds.map((id) => ({ value: id, label: nameOf(id) }))}
          value={filters.key}
          onChange={(key) => set({ key })}
        />
        <Select
          {...field("time")}
          data={ranges.map((range) => ({ value: range, label: t(`range.${range}`) }))}
          value={filters.range}
          onChange={(range) => set({ range: range as Filters["range"] })}
        />
        {filters.range === "custom" && (
          <>
            <TextInput
              {...MOMENT}
              label={t("filter.from")}
              value={filters.from}
              max={filters.to || undefined}
              onChange={(event) => set({ from: event.currentTarget.value })}
            />
            <TextInput
              {...MOMENT}
              label={t("filter.to")}
              value={filters.to}
              min={filters.from || undefined}
              onChange={(event) => set({ to: event.currentTarget.value })}
            />
          </>
        )}
        {filtered && (
          <Button size="xs" variant="subtle" leftSection={<IconFilterOff size={14} aria-hidden />} onClick={onClear}>
            {t("filter.clear")}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** What is chosen can be chosen, also where nobody knows of it any more. */
function withOwn(known: string[], own: string | null): string[] {
  return own === null || known.includes(own) ? known : [...known, own];
}
