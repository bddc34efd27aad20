import { Center, Loader, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconListDetails } from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { ConfirmDialog, type Question } from "~/jobs/ConfirmDialog";
import type { JobAction } from "~/jobs/outcome";
import { useJobActions } from "~/jobs/useJobActions";
import { EmptyState } from "~/ui/EmptyState";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { BulkBar } from "./BulkBar";
import type { Filters } from "./filters";
import { JobCards } from "./JobCards";
import { JobTable } from "./JobTable";
import { useJobFeed } from "./useJobFeed";

export interface JobListProps {
  jobs: Job[];
  /** More can be loaded. */
  more: boolean;
  selection: ReadonlySet<string>;
  nameOf: (keyId: string) => string;
  onSelect: (promptId: string, selected: boolean) => void;
  onSelectAll: (selected: boolean) => void;
  onAct: (action: JobAction, jobs: Job[]) => void;
  onEnd: () => void;
  onRow: (row: number) => void;
}

interface Props {
  filters: Filters;
  filtered: boolean;
  nameOf: (keyId: string) => string;
}

/** The jobs that the filters let through: live, selectable, a table where there is room for one. */
export function JobList({ filters, filtered, nameOf }: Props) {
  const { t } = useTranslation("jobs");
  const wide = useMediaQuery("(min-width: 75em)", true, { getInitialValueInEffect: false });
  const { feed, newest, loadMore, loadingMore, moreError, drop, onRow } = useJobFeed(filters);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [question, setQuestion] = useState<Question | null>(null);
  const act = useJobActions();
  const selected = useMemo(() => feed.jobs.filter((job) => chosen.has(job.prompt_id)), [feed.jobs, chosen]);
  const selection = useMemo(() => new Set(selected.map((job) => job.prompt_id)), [selected]);

  const onSelect = useCallback((id: string, on: boolean) => {
    setChosen((had) => (on ? new Set([...had, id]) : new Set([...had].filter((other) => other !== id))));
  }, []);
  const onSelectAll = (on: boolean) => setChosen(new Set(on ? feed.jobs.map((job) => job.prompt_id) : []));
  const onAct = useCallback(
    (action: JobAction, jobs: Job[]) => {
      const count = jobs.length;
      const go = async () => {
        const { done } = await act(
          action,
          jobs.map((job) => job.prompt_id),
        );
        if (action === "remove") drop(done);
        setChosen(new Set());
      };
      if (action === "retry" && count === 1) return void go();
      setQuestion({
        title: t(`ask.${action}`, { count }),
        consequence: t(`means.${action}`, { count }),
        yes: t(`action.${action}`),
        onYes: () => void go(),
      });
    },
    [act, drop, t],
  );

  if (!feed.loaded && newest.isError) return <ErrorNote error={newest.error} onRetry={() => newest.refetch()} />;
  if (!feed.loaded) return <Loading />;
  if (!feed.jobs.length) {
    return (
      <EmptyState icon={IconListDetails} title={t(filtered ? "empty.filtered" : "empty.title")}>
        {t(filtered ? "empty.filteredHint" : "empty.hint")}
      </EmptyState>
    );
  }
  const list: JobListProps = {
    jobs: feed.jobs,
    more: feed.cursor !== null,
    selection,
    nameOf,
    onSelect,
    onSelectAll,
    onAct,
    onEnd: loadMore,
    onRow,
  };
  return (
    <>
      {newest.isError && <ErrorNote error={newest.error} onRetry={() => newest.refetch()} />}
      {wide ? <JobTable {...list} /> : <JobCards {...list} />}
      <BulkBar jobs={selected} onAct={onAct} onClear={() => setChosen(new Set())} />
      {loadingMore && (
        <Center>
          <Loader size="sm" role="status" aria-label={t("loadingMore")} />
        </Center>
      )}
      {moreError !== null && <ErrorNote error={moreError} onRetry={loadMore} />}
      {feed.cursor === null && feed.jobs.length > 20 && (
        <Text size="sm" c="dimmed" ta="center">
          {t("all", { count: feed.jobs.length })}
        </Text>
      )}
      <ConfirmDialog question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
