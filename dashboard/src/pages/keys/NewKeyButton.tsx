import { Button, Checkbox, Group, Modal, MultiSelect, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import { queryClient } from "~/api/queryClient";
import { BoundsFields } from "~/share/BoundsFields";
import { bounded, NO_BOUNDS } from "~/share/bounds";
import { ShownOnce } from "~/share/ShownOnce";
import { ErrorNote } from "~/ui/ErrorNote";

/** Makes a key, and shows its secret this once. */
export function NewKeyButton() {
  const { t } = useTranslation("keys");
  const [opened, { open, close }] = useDisclosure(false);
  const [attempt, setAttempt] = useState(0);
  const start = () => {
    setAttempt(attempt + 1);
    open();
  };
  return (
    <>
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={start}>
        {t("new")}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={t("newTitle")}
        size="lg"
        centered
        closeButtonProps={{ "aria-label": t("close") }}
      >
        <NewKeyForm key={attempt} onDone={close} />
      </Modal>
    </>
  );
}

function NewKeyForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation("keys");
  const [bounds, setBounds] = useState(NO_BOUNDS);
  const [allowed, setAllowed] = useState<string[]>([]);
  const [override, setOverride] = useState<boolean | null>(null);
  const deployments = useQuery({
    queryKey: ["deployments"],
    queryFn: async () => must(await api.GET("/api/deployments")),
  });
  const create = useMutation({
    mutationFn: async () => {
      const scope = allowed.length ? allowed : null;
      return must(
        await api.POST("/api/keys", { body: { ...bounded(bounds), deployments: scope, allow_override: override } }),
      );
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["keys"] }),
  });
  if (create.data) {
    return (
      <Stack>
        <ShownOnce
          values={[
            ["client_id", create.data.client_id],
            ["client_secret", create.data.client_secret],
          ]}
        />
        <Group justify="flex-end">
          <Button onClick={onDone}>{t("done")}</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Stack>
        <BoundsFields bounds={bounds} onChange={setBounds} namePlaceholder={t("namePlaceholder")} />
        <MultiSelect
          label={t("scope")}
          description={t("scopeHint")}
          placeholder={allowed.length ? undefined : t("allDeployments")}
          data={(deployments.data ?? []).map((deployment) => deployment.name)}
          value={allowed}
          onChange={setAllowed}
          searchable
          clearable
          clearButtonProps={{ "aria-label": t("clear") }}
        />
        <Checkbox
          label={t("override")}
          description={t("overrideHint")}
          checked={override ?? allowed.length === 0}
          onChange={(event) => setOverride(event.currentTarget.checked)}
        />
        {create.isError && <ErrorNote error={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            {t("cancel")}
          </Button>
          <Button type="submit" loading={create.isPending}>
            {t("make")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
