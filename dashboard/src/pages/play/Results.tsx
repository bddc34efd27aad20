import { Button, Center, Group, Loader, Text, Title } from "@mantine/core";
import { useDocumentVisibility, useIntersection } from "@mantine/hooks";
import { IconSparkles } from "@tabler/icons-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "~/ui/EmptyState";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { HistoryFilters } from "./HistoryFilters";
import { JobCard } from "./JobCard";
import { type Filters, filtered, MOST_STREAMS, NO_FILTERS, toStream } from "./jobList";
import { NotifyButton } from "./NotifyButton";
import classes from "./Results.module.css";
import { TroubleNote } from "./TroubleNote";
import type { usePlayJobs } from "./usePlayJobs";
import { useSearchText } from "./useSearchText";

interface Props {
  jobs: ReturnType<typeof usePlayJobs>;
  filters: Filters;
  onFilters: (filters: Filters) => void;
  /** Something was run since the page was opened. */
  ran: boolean;
  /** Sign in anew. */
  onEnter: () => void;
  /** A log is open: that takes one of the connections. */
  logging: boolean;
}

const LONG = 300;

/** The jobs, newest first, those that run among them; older ones come as the page is scrolled. */
export function Results({ jobs, filters, onFilters, ran, onEnter, logging }: Props) {
  const { t } = useTranslation("play");
  const hidden = useDocumentVisibility() === "hidden";
  const textOf = useSearchText(jobs.jobs, filters.text !== "");
  const shown = filtered(jobs.jobs, filters, Date.now() / 1000, textOf);
  const streamed = toStream(jobs.jobs, hidden ? 0 : MOST_STREAMS - (logging ? 1 : 0));
  const { query } = jobs;
  return (
    <>
      <Group justify="space-between" mb="sm" mih={34} gap="xs">
        <Title order={2} size="h4">
          {t("results")}
        </Title>
        {ran && <NotifyButton />}
      </Group>
      {jobs.jobs.length + Number(filters !== NO_FILTERS) > 0 && (
        <HistoryFilters filters={filters} onFilters={onFilters} />
      )}
      {jobs.trouble && <TroubleNote trouble={jobs.trouble} onEnter={onEnter} />}
      {query.isError && !query.data && !jobs.trouble && (
        <ErrorNote error={query.error} onRetry={() => query.refetch()} />
      )}
      {query.isPending && !shown.length && <Loading />}
      <div className={classes.cards} data-long={shown.length > LONG || undefined}>
        {shown.map((job) => (
          <JobCard key={job.prompt_id} job={job} streamed={streamed.has(job.prompt_id)} />
        ))}
      </div>
      {query.isSuccess && !shown.length && !query.hasNextPage && <Nothing filters={filters} onFilters={onFilters} />}
      <More query={query} searching={filters.text !== ""} />
    </>
  );
}

function Nothing({ filters, onFilters }: Pick<Props, "filters" | "onFilters">) {
  const { t } = useTranslation("play");
  if (filters === NO_FILTERS) {
    return (
      <EmptyState icon={IconSparkles} title={t("empty.title")}>
        {t("empty.text")}
      </EmptyState>
    );
  }
  return (
    <Center py="xl">
      <Group>
        <Text c="dimmed">{t("filter.nothing")}</Text>
        <Button variant="default" size="xs" onClick={() => onFilters(NO_FILTERS)}>
          {t("filter.clear")}
        </Button>
      </Group>
    </Center>
  );
}

/** Fetches older jobs when the end of the list comes near; while something is searched for, only when asked to. */
function More({ query, searching }: { query: Props["jobs"]["query"]; searching: boolean }) {
  const { t } = useTranslation("play");
  const { ref, entry } = useIntersection({ rootMargin: "600px" });
  const near = entry?.isIntersecting ?? false;
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  useEffect(() => {
    if (near && hasNextPage && !isFetchingNextPage && !isFetchNextPageError && !searching) void fetchNextPage();
  }, [near, hasNextPage, isFetchingNextPage, isFetchNextPageError, searching, fetchNextPage]);
  if (!hasNextPage) return null;
  return (
    <Center ref={ref} py="lg">
      {isFetchingNextPage ? (
        <Loader size="sm" role="status" aria-label={t("older.loading")} />
      ) : (
        <Button variant="default" onClick={() => void fetchNextPage()}>
          {t(searching ? "older.search" : "older.button")}
        </Button>
      )}
    </Center>
  );
}
