import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { api } from "~/api/client";
import { queryClient } from "~/api/queryClient";
import { ErrorNote } from "~/ui/ErrorNote";
import { said } from "~/ui/notify";

/** Asks before a deployment is taken away. */
export function DeleteDialog({ name, opened, onClose }: { name: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("deployment");
  const { t: common } = useTranslation();
  const [, go] = useLocation();
  const remove = useMutation({
    mutationFn: () => api.DELETE("/api/deployments/{name}", { params: { path: { name } } }),
    onSuccess: () => {
      said(t("delete.done", { name }));
      go("/");
      queryClient.removeQueries({ queryKey: ["deployment", name] });
      void queryClient.invalidateQueries({ queryKey: ["deployments"] });
    },
  });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("delete.question", { name })}
      centered
      closeButtonProps={{ "aria-label": common("close") }}
    >
      <Stack>
        <Text>{t("delete.consequence")}</Text>
        {remove.isError && <ErrorNote error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {common("cancel")}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {common("delete")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
