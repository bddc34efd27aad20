import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconShare3 } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import { queryClient } from "~/api/queryClient";
import { ErrorNote } from "~/ui/ErrorNote";
import { BoundsFields } from "./BoundsFields";
import { type Bounds, bounded, NO_BOUNDS } from "./bounds";
import { ShownOnce } from "./ShownOnce";

const FRESH: Bounds = { ...NO_BOUNDS, days: 7 };

/** Makes a link that opens one deployment's playground for people without a key. */
export function ShareButton({ deployment }: { deployment: string }) {
  const { t } = useTranslation("share");
  const [opened, { open, close }] = useDisclosure(false);
  const [bounds, setBounds] = useState(FRESH);
  const share = useMutation({
    mutationFn: async () =>
      must(
        await api.POST("/api/deployments/{name}/shares", {
          params: { path: { name: deployment } },
          body: bounded(bounds),
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["keys"] }),
  });
  const start = () => {
    share.reset();
    setBounds(FRESH);
    open();
  };
  return (
    <>
      <Button variant="default" leftSection={<IconShare3 size={16} aria-hidden />} onClick={start}>
        {t("share")}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={t("title", { deployment })}
        size="lg"
        centered
        closeButtonProps={{ "aria-label": t("close") }}
      >
        {share.data ? (
          <Stack>
            <ShownOnce values={[[t("link"), share.data.url]]} />
            <Text size="sm" c="dimmed">
              {t("linkHint")}
            </Text>
            <Group justify="flex-end">
              <Button onClick={close}>{t("done")}</Button>
            </Group>
          </Stack>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              share.mutate();
            }}
          >
            <Stack>
              <Text>{t("what")}</Text>
              <BoundsFields bounds={bounds} onChange={setBounds} namePlaceholder={t("namePlaceholder")} />
              {share.isError && <ErrorNote error={share.error} />}
              <Group justify="flex-end">
                <Button variant="default" onClick={close}>
                  {t("cancel")}
                </Button>
                <Button type="submit" loading={share.isPending}>
                  {t("make")}
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}
