import { Badge, Code, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconServerOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import type { Workers } from "~/api/types";
import { EmptyState } from "~/ui/EmptyState";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Page } from "~/ui/Page";
import { size } from "~/ui/size";
import { BackendCard } from "./BackendCard";

type Worker = Workers["workers"][number];

/** What is there to run jobs: the workers, and each ComfyUI that they drive. */
export default function BackendsPage() {
  const { t } = useTranslation("backends");
  const workers = useQuery({
    queryKey: ["workers"],
    queryFn: async () => must(await api.GET("/api/workers")),
    refetchInterval: 2_000,
  });
  const there = workers.data?.workers ?? [];
  return (
    <Page title={t("title")} description={workers.data && t("queued", { count: workers.data.queued })}>
      {workers.isPending && <Loading />}
      {workers.isError && <ErrorNote error={workers.error} onRetry={() => workers.refetch()} />}
      {workers.data && !there.some((worker) => worker.backends.length) && (
        <EmptyState icon={IconServerOff} title={t("empty.title")}>
          {t("empty.what")}
          <Code block mt="sm" ta="left">
            viewcomfy comfyui install{"\n"}viewcomfy serve
          </Code>
        </EmptyState>
      )}
      {there.map((worker) => (
        <WorkerSection key={worker.name} worker={worker} named={there.length > 1} />
      ))}
    </Page>
  );
}

function WorkerSection({ worker, named }: { worker: Worker; named: boolean }) {
  const { t } = useTranslation("backends");
  const free = (name: string) => (typeof worker.facts[name] === "number" ? size(worker.facts[name]) : "–");
  if (!worker.backends.length) return null;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap="xs">
          {named && (
            <Title order={2} size="h4" className="break">
              {worker.name}
            </Title>
          )}
          {(named || worker.pool !== "default") && <Badge variant="light">{t("pool", { pool: worker.pool })}</Badge>}
          {worker.facts.stopping === true && (
            <Badge variant="light" color="gray">
              {t("stopping")}
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {t("machine", {
            memory: free("memory_available"),
            memoryTotal: free("memory_total"),
            disk: free("disk_free"),
            diskTotal: free("disk_total"),
          })}
        </Text>
      </Group>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {worker.backends.map((backend) => (
          <BackendCard key={backend.name} worker={worker.name} backend={backend} level={named ? 3 : 2} />
        ))}
      </SimpleGrid>
    </Stack>
  );
}
