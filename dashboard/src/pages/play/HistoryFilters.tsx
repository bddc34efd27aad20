import { CloseButton, Group, Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { type Filters, STATES, TIMES } from "./jobList";

interface Props {
  filters: Filters;
  onFilters: (filters: Filters) => void;
}

/** Which jobs are shown: by words, state and time. */
export function HistoryFilters({ filters, onFilters }: Props) {
  const { t } = useTranslation("play");
  return (
    <Group gap="xs" mb="md">
      <TextInput
        flex="1 1 15rem"
        value={filters.text}
        onChange={(event) => onFilters({ ...filters, text: event.currentTarget.value })}
        placeholder={t("filter.search")}
        aria-label={t("filter.search")}
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          filters.text && (
            <CloseButton
              size="sm"
              aria-label={t("filter.clearText")}
              onClick={() => onFilters({ ...filters, text: "" })}
            />
          )
        }
      />
      <Select
        flex="1 1 8rem"
        maw={{ sm: 150 }}
        data={STATES.map((value) => ({ value, label: t(`filter.state.${value}`) }))}
        value={filters.state}
        onChange={(state) => onFilters({ ...filters, state: (state ?? "all") as Filters["state"] })}
        allowDeselect={false}
        aria-label={t("filter.stateLabel")}
      />
      <Select
        flex="1 1 8rem"
        maw={{ sm: 150 }}
        data={TIMES.map((value) => ({ value, label: t(`filter.time.${value}`) }))}
        value={filters.time}
        onChange={(time) => onFilters({ ...filters, time: (time ?? "ever") as Filters["time"] })}
        allowDeselect={false}
        aria-label={t("filter.timeLabel")}
      />
    </Group>
  );
}
