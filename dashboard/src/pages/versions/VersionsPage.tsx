import { Button, Group, SimpleGrid, Stack } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Page } from "~/ui/Page";
import { FilePicker } from "~/workflow-file/FilePicker";
import { CanaryCard } from "./CanaryCard";
import { Compare } from "./Compare";
import { PinCard } from "./PinCard";
import { useCurrent, useVersions } from "./queries";
import { VersionList } from "./VersionList";

/** The history of a deployment: compare, roll back, share calls with a canary, pin. */
export default function VersionsPage({ name }: { name: string }) {
  const { t } = useTranslation("versions");
  const { t: common } = useTranslation();
  const current = useCurrent(name);
  const pages = useVersions(name);
  const versions = pages.data?.pages.flatMap((page) => page.versions) ?? [];
  const [picked, setPicked] = useState<[number, number] | null>(null);
  const compare = useRef<HTMLElement>(null);
  const error = current.error ?? pages.error;
  const retry = () => void Promise.all([current.refetch(), pages.refetch()]);
  const onCompare = (before: number, after: number) => {
    setPicked([before, after]);
    compare.current?.scrollIntoView({ block: "start" });
  };
  const [before, after] = picked ?? firstPair(versions.map(({ version }) => version));
  return (
    <Page
      title={t("title")}
      description={t("help")}
      trail={[
        [common("nav.deployments"), "/"],
        [name, `/deployments/${encodeURIComponent(name)}`],
      ]}
      actions={
        <FilePicker variant="default" deployment={name}>
          {t("new")}
        </FilePicker>
      }
    >
      {error && !current.data ? <ErrorNote error={error} onRetry={retry} /> : null}
      {(current.isPending || pages.isPending) && !error && <Loading />}
      {current.data && pages.data && (
        <Stack gap="xl">
          <div>
            <VersionList deployment={current.data} versions={versions} onCompare={onCompare} />
            {pages.hasNextPage && (
              <Group justify="center" mt="sm">
                <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
                  {t("older")}
                </Button>
              </Group>
            )}
          </div>
          {versions.length > 1 && (
            <section ref={compare} aria-labelledby="compare-title">
              <Compare
                name={name}
                versions={versions}
                before={before}
                after={after}
                onChange={(one, two) => setPicked([one, two])}
              />
            </section>
          )}
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
            <CanaryCard
              key={`${current.data.canary_version} ${current.data.canary_percent} ${current.data.current_version}`}
              deployment={current.data}
              versions={versions}
            />
            <PinCard deployment={current.data} versions={versions} />
          </SimpleGrid>
        </Stack>
      )}
    </Page>
  );
}

/** The newest version and the one before it. */
function firstPair(versions: number[]): [number | null, number | null] {
  return [versions[1] ?? null, versions[0] ?? null];
}
