import { Alert, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { ErrorNote } from "~/ui/ErrorNote";
import { size } from "~/ui/size";
import type { Model } from "./missing";
import { type Fetch, useFetch } from "./useFetch";

interface Props {
  models: Model[];
  pool: string;
  onDone: () => void;
}

/** Model files that are missing and can be had: what they are, and a button that has the workers fetch them. */
export function MissingModels({ models, pool, onDone }: Props) {
  const { t } = useTranslation("deploy");
  const fetch = useFetch(pool, onDone);
  if (!models.length && !fetch.state) return null;
  return (
    <Alert color="blue" icon={<IconDownload aria-hidden />} title={t("models.title", { count: models.length })}>
      <Stack gap="xs">
        {models.map((model) => (
          <Text key={`${model.folder}/${model.file}`} size="sm" className="break">
            {t("models.from", { file: `${model.folder}/${model.file}`, host: new URL(model.url).host })}
          </Text>
        ))}
        {fetch.state && <States state={fetch.state} />}
        {fetch.error && <ErrorNote error={fetch.error} />}
        {models.length > 0 && (
          <Group>
            <Button
              size="xs"
              leftSection={<IconDownload size={14} aria-hidden />}
              loading={fetch.isPending}
              onClick={() => fetch.start(models)}
            >
              {t("models.get", { count: models.length })}
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  );
}

function States({ state }: { state: Fetch }) {
  const { t } = useTranslation("deploy");
  const lines = state.workers.flatMap(({ worker, models }) => models.map((model) => ({ worker, ...model })));
  return lines
    .filter((line) => line.state !== "there")
    .map((line) => {
      const percent = line.size ? (100 * line.received) / line.size : 0;
      const far = line.size ? `${size(line.received)} / ${size(line.size)}` : size(line.received);
      return (
        <div key={`${line.worker} ${line.folder}/${line.file}`}>
          <Text size="xs" className="break">
            {line.worker}: {line.folder}/{line.file} –{" "}
            {line.state === "fetching" ? far : t(`models.state.${line.state as "waiting" | "failed"}`)}
          </Text>
          {line.error ? (
            <Text size="sm" c="red" className="break" lang="en">
              {line.error}
            </Text>
          ) : (
            <Progress value={percent} aria-label={`${line.file}: ${far}`} />
          )}
        </div>
      );
    });
}
