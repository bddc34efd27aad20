import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useSearch } from "wouter";
import { useKeyNames } from "~/jobs/useKeyNames";
import { Page } from "~/ui/Page";
import { type Filters, readFilters, writeFilters } from "./filters";
import { JobFilters } from "./JobFilters";
import { JobList } from "./JobList";

/** All jobs, live; which of them are shown is in the address. */
export default function JobsPage() {
  const { t } = useTranslation("jobs");
  const search = useSearch();
  const [, go] = useLocation();
  const { keys, nameOf } = useKeyNames();
  const filters = useMemo(() => readFilters(search), [search]);
  const name = writeFilters(filters);
  const change = (next: Filters) => {
    const query = writeFilters(next);
    go(query ? `/jobs?${query}` : "/jobs", { replace: true });
  };
  return (
    <Page title={t("title")}>
      <JobFilters
        filters={filters}
        filtered={name !== ""}
        keys={keys}
        nameOf={nameOf}
        onChange={change}
        onClear={() => go("/jobs", { replace: true })}
      />
      {/* Other filters are another list: nothing of the one before, its selection included, is left. */}
      <JobList key={name} filters={filters} filtered={name !== ""} nameOf={nameOf} />
    </Page>
  );
}
