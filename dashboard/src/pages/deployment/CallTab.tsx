import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { DeploymentDetail } from "~/api/types";
import { InputTable } from "./InputTable";
import { Snippets } from "./Snippets";

/** How to call it: code to paste, and what it takes. */
export default function CallTab({ deployment }: { deployment: DeploymentDetail }) {
  const { t } = useTranslation("deployment");
  return (
    <Stack gap="xl">
      <Snippets deployment={deployment} />
      <Stack component="section" gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t("inputs.title")}
          </Title>
          <Group gap="md">
            <Out href={`/d/${deployment.name}/docs`}>{t("inputs.docs")}</Out>
            <Out href={`/d/${deployment.name}/openapi.json`}>{t("inputs.openapi")}</Out>
          </Group>
        </Group>
        <Text size="sm" c="dimmed">
          {t("inputs.text")}
        </Text>
        <InputTable inputs={deployment.inputs} />
      </Stack>
    </Stack>
  );
}

function Out({ href, children }: { href: string; children: string }) {
  return (
    <Anchor href={href} target="_blank" size="sm">
      {children} <IconExternalLink size={14} aria-hidden style={{ verticalAlign: "-2px" }} />
    </Anchor>
  );
}
