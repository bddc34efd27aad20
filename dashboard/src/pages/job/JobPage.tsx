import { Anchor, Code, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobDetail, Workflow } from "~/api/types";
import { isFinal, type JobNews } from "~/events/jobNews";
import { useKeyNames } from "~/jobs/useKeyNames";
import { LogView } from "~/logs/LogView";
import { Ago } from "~/ui/Ago";
import { CopyButton } from "~/ui/CopyButton";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Page } from "~/ui/Page";
import { StatusBadge } from "~/ui/StatusBadge";
import { FailureNote } from "./FailureNote";
import { GraphSection } from "./GraphSection";
import { JobActions } from "./JobActions";
import { LiveProgress } from "./LiveProgress";
import { Outputs } from "./Outputs";
import { Params } from "./Params";
import { Section } from "./Section";
import { Timeline } from "./Timeline";
import { current, useJob } from "./useJob";

/** One job: where it stands, what it was sent, what it made, why it failed, and everything it said. */
export default function JobPage({ promptId }: { promptId: string }) {
  const { t } = useTranslation(["job", "jobs"]);
  const { stored, news, workflow } = useJob(promptId);
  const job = stored.data && current(stored.data, news);
  return (
    <Page
      title={job?.deployment ?? t("title")}
      trail={[[t("jobs:title"), "/jobs"]]}
      description={job && <Facts job={job} />}
      actions={job && <JobActions job={job} />}
    >
      {stored.isPending && <Loading />}
      {stored.isError && <ErrorNote error={stored.error} onRetry={() => stored.refetch()} />}
      {job && <Parts job={job} news={news} workflow={workflow as Workflow} />}
    </Page>
  );
}

function Facts({ job }: { job: JobDetail }) {
  const { t } = useTranslation(["job", "jobs"]);
  const { nameOf } = useKeyNames();
  return (
    <Group gap="xs" fz="sm">
      <StatusBadge status={job.status} />
      <Anchor component={Link} href={`/deployments/${encodeURIComponent(job.deployment)}`} size="sm">
        {t("jobs:version", { version: job.version })}
      </Anchor>
      <Text size="sm">
        {t("by", { key: nameOf(job.key_id) })} · <Ago at={job.created_at} />
        {job.worker && ` · ${t("on", { worker: job.worker })}`}
      </Text>
      <Group gap={2} wrap="nowrap">
        <Code className="break">{job.prompt_id}</Code>
        <CopyButton value={job.prompt_id} what="prompt_id" />
      </Group>
    </Group>
  );
}

function Parts({ job, news, workflow }: { job: JobDetail; news: JobNews; workflow: Workflow }) {
  const { t } = useTranslation("job");
  const [node, setNode] = useState<string | null>(null);
  const graph = useRef<HTMLDivElement>(null);
  const outputs = job.outputs ?? [];
  const show = (nodeId: string) => {
    setNode(nodeId);
    graph.current?.scrollIntoView({ block: "center" });
  };
  return (
    <Stack gap="xl">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="xl">
        <Stack gap="xl" miw={0}>
          {!isFinal(job.status) && <LiveProgress job={job} news={news} />}
          {job.error && isFinal(job.status) && <FailureNote error={job.error} onNode={show} />}
          {outputs.length > 0 && (
            <Section title={t("outputs.title", { count: outputs.length })}>
              <Outputs outputs={outputs} />
            </Section>
          )}
          <Section title={t("timeline")}>
            <Timeline job={job} />
          </Section>
        </Stack>
        <Section
          title={t("params.title")}
          actions={<CopyButton value={JSON.stringify(job.inputs ?? {}, null, 2)} what={t("params.title")} />}
        >
          <Params job={job} />
        </Section>
      </SimpleGrid>
      {Object.keys(workflow).length > 0 && (
        <div ref={graph}>
          <Section title={t("workflow")}>
            <GraphSection workflow={workflow} job={job} news={news} selected={node} onSelect={setNode} />
          </Section>
        </div>
      )}
      <Section title={t("logs.title")}>
        <LogView lines={news.lines} height={360} />
      </Section>
    </Stack>
  );
}
