import { Anchor, Button, List, Modal, Stack, Text } from "@mantine/core";
import { IconDownload, IconExternalLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import type { Job } from "~/api/types";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { comfyPages } from "./comfyPages";

interface Props {
  job: Job;
  opened: boolean;
  onClose: () => void;
  onDownload: () => void;
}

/** How to look at the workflow in ComfyUI's own editor: its page, where this browser can reach it, and the file to drop there. */
export function ComfyDialog({ job, opened, onClose, onDownload }: Props) {
  const { t } = useTranslation("job");
  const workers = useQuery({
    queryKey: ["workers"],
    queryFn: async () => must(await api.GET("/api/workers")),
    enabled: opened,
  });
  const pages = workers.data ? comfyPages(workers.data, job.worker, location.hostname) : [];
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("comfy.title")}
      centered
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Stack gap="sm">
        {workers.isPending && <Loading height={80} />}
        {workers.isError && <ErrorNote error={workers.error} onRetry={() => workers.refetch()} />}
        {workers.data && <Text size="sm">{t(pages.length ? "comfy.drop" : "comfy.none")}</Text>}
        <Button variant="light" leftSection={<IconDownload size={16} aria-hidden />} onClick={onDownload}>
          {t("comfy.download")}
        </Button>
        {pages.length > 0 && (
          <List listStyleType="none" spacing={4}>
            {pages.map(({ name, url }) => (
              <List.Item key={url} icon={<IconExternalLink size={16} aria-hidden />}>
                <Anchor href={url} target="_blank" rel="noreferrer" size="sm" className="break">
                  {name}
                </Anchor>{" "}
                <Text span size="xs" c="dimmed" className="break">
                  {url}
                </Text>
              </List.Item>
            ))}
          </List>
        )}
        {pages.length > 0 && (
          <Text size="xs" c="dimmed">
            {t("comfy.maybe")}
          </Text>
        )}
      </Stack>
    </Modal>
  );
}
