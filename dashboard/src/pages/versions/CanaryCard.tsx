import { Button, Group, Paper, Select, Slider, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "~/api/client";
import type { DeploymentDetail } from "~/api/types";
import { ErrorNote } from "~/ui/ErrorNote";
import { said } from "~/ui/notify";
import { released, useDiff, type Version } from "./queries";

const MARKS = [0, 25, 50, 75, 100].map((value) => ({ value, label: `${value}%` }));

interface Props {
  deployment: DeploymentDetail;
  versions: Version[];
}

/** Give another version a share of the calls. */
export function CanaryCard({ deployment, versions }: Props) {
  const { t } = useTranslation("versions");
  const others = versions.filter(({ current }) => !current);
  const [version, setVersion] = useState(deployment.canary_version ?? others[0]?.version ?? null);
  const [percent, setPercent] = useState(deployment.canary_percent);
  const diff = useDiff(deployment.name, deployment.current_version, version);
  const save = useCanary(deployment.name);
  const running = deployment.canary_percent > 0 && deployment.canary_version !== null;
  const changed = version !== deployment.canary_version || percent !== deployment.canary_percent;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb={4}>
        {t("canary.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        {t("canary.help", { current: deployment.current_version })}
      </Text>
      {version === null ? (
        <Text>{t("canary.none")}</Text>
      ) : (
        <Stack gap="md">
          <Select
            label={t("canary.version")}
            searchable
            allowDeselect={false}
            data={others.map((one) => ({
              value: String(one.version),
              label: [t("version", { version: one.version }), one.note.slice(0, 60)].filter(Boolean).join(" · "),
            }))}
            value={String(version)}
            onChange={(value) => value && setVersion(Number(value))}
          />
          <div>
            <Text size="sm" fw={500} id="canary-share">
              {t("canary.share", { percent })}
            </Text>
            <Slider
              mt="xs"
              mb="lg"
              mx="xs"
              min={0}
              max={100}
              step={1}
              marks={MARKS}
              value={percent}
              onChange={setPercent}
              label={(value) => `${value}%`}
              thumbProps={{ "aria-labelledby": "canary-share" }}
            />
          </div>
          {diff.data?.breaking && percent > 0 && (
            <Text size="sm" c="var(--mantine-color-error)">
              {t("canary.breaks")}
            </Text>
          )}
          {save.error && <ErrorNote error={save.error} />}
          <Group justify="flex-end" gap="xs">
            {running && (
              <Button variant="default" loading={save.isPending} onClick={() => save.mutate({ version, percent: 0 })}>
                {t("canary.end")}
              </Button>
            )}
            <Button
              disabled={!changed || (percent === 0 && !running)}
              loading={save.isPending}
              onClick={() => save.mutate({ version, percent })}
            >
              {t("canary.save")}
            </Button>
          </Group>
        </Stack>
      )}
    </Paper>
  );
}

function useCanary(name: string) {
  const { t } = useTranslation("versions");
  return useMutation({
    mutationFn: (body: { version: number; percent: number }) =>
      api.PUT("/api/deployments/{name}/canary", { params: { path: { name } }, body }),
    onSuccess: async (_, { version, percent }) => {
      said(percent ? t("canary.saved", { version, percent }) : t("canary.ended"));
      await released(name);
    },
  });
}
