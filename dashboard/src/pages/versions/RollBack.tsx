import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowBackUp, IconArrowUp } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "~/api/client";
import type { Deployment } from "~/api/types";
import { ChangeList } from "~/report/ChangeList";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { said } from "~/ui/notify";
import { released, useDiff } from "./queries";

interface Props {
  deployment: Deployment;
  version: number;
}

/** Make a version the current one, after a look at what that changes for callers. */
export function RollBack({ deployment, version }: Props) {
  const { t } = useTranslation("versions");
  const { t: common } = useTranslation();
  const { name, current_version } = deployment;
  const [opened, { open, close }] = useDisclosure(false);
  const back = version < current_version;
  const roll = useMutation({
    mutationFn: () => api.POST("/api/deployments/{name}/rollback", { params: { path: { name } }, body: { version } }),
    onSuccess: async () => {
      close();
      said(t("rolledBack", { version }));
      await released(name);
    },
  });
  const Icon = back ? IconArrowBackUp : IconArrowUp;
  const label = back ? t("rollBack") : t("makeCurrent");
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<Icon size={14} aria-hidden />}
        aria-label={`${label}: ${t("version", { version })}`}
        onClick={open}
      >
        {label}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        size="lg"
        title={t("rollBackQuestion", { version })}
        closeButtonProps={{ "aria-label": common("close") }}
      >
        <Stack gap="md">
          <Text>{t("rollBackMeans", { current: current_version, version })}</Text>
          {opened && <Consequences name={name} before={current_version} after={version} />}
          {roll.error && <ErrorNote error={roll.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close} data-autofocus>
              {common("cancel")}
            </Button>
            <Button loading={roll.isPending} onClick={() => roll.mutate()}>
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function Consequences({ name, before, after }: { name: string; before: number; after: number }) {
  const { t } = useTranslation("versions");
  const { data, error, refetch } = useDiff(name, before, after);
  if (error) return <ErrorNote error={error} onRetry={refetch} />;
  if (!data) return <Loading height={80} />;
  if (data.changes.length === 0) return <Text c="dimmed">{t("noChanges")}</Text>;
  return (
    <Stack gap="sm">
      {data.breaking && (
        <Alert color="red" role="alert" title={t("breaks")}>
          {t("breaksMeans")}
        </Alert>
      )}
      <ChangeList changes={data.changes} />
    </Stack>
  );
}
