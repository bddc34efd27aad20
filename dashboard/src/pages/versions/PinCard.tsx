import { Paper, Select, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { DeploymentDetail } from "~/api/types";
import { CodeBlock } from "~/ui/CodeBlock";
import type { Version } from "./queries";

/** How a call says which version it wants. */
export function PinCard({ deployment, versions }: { deployment: DeploymentDetail; versions: Version[] }) {
  const { t } = useTranslation("versions");
  const [version, setVersion] = useState(deployment.current_version);
  const base = deployment.url.replace(/\/infer$/, "");
  return (
    <Paper withBorder p="md" style={{ minWidth: 0 }}>
      <Title order={2} size="h4" mb={4}>
        {t("pin.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        {t("pin.help")}
      </Text>
      <Stack gap="md">
        <Select
          label={t("pin.version")}
          searchable
          allowDeselect={false}
          data={versions.map((one) => ({ value: String(one.version), label: t("version", { version: one.version }) }))}
          value={String(version)}
          onChange={(value) => value && setVersion(Number(value))}
        />
        <CodeBlock what={t("pin.url")} code={`${base}/run?version=${version}`} />
        <CodeBlock what={t("pin.header")} code={`ViewComfy-Version: ${version}`} />
      </Stack>
    </Paper>
  );
}
