import { Modal, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import { LogView } from "~/logs/LogView";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";

/** What a ComfyUI has printed lately, live. */
export function BackendLog({ worker, backend, onClose }: { worker: string; backend: string; onClose: () => void }) {
  const { t } = useTranslation("backends");
  const log = useQuery({
    queryKey: ["backend-log", worker, backend],
    queryFn: async () =>
      must(await api.GET("/api/workers/{worker}/backends/{backend}/logs", { params: { path: { worker, backend } } })),
    refetchInterval: 1_500,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("logsOf", { backend })}
      size="xl"
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {log.isPending && <Loading />}
      {log.isError && <ErrorNote error={log.error} onRetry={() => log.refetch()} />}
      {log.data &&
        (log.data.lines.length ? (
          <LogView lines={log.data.lines} height={440} />
        ) : (
          <Text c="dimmed">{t("noLogs")}</Text>
        ))}
    </Modal>
  );
}
