import { Group, Stack, Switch, Tabs, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { DeploymentDetail } from "~/api/types";
import { type Credentials, callOf, filesOf } from "~/snippets/call";
import { LANGUAGES, type Language, written } from "~/snippets/languages";
import { CodeBlock } from "~/ui/CodeBlock";
import { SampleFiles } from "./SampleFiles";
import { SnippetKey } from "./SnippetKey";
import { useTab } from "./useTab";

const ALL = Object.keys(LANGUAGES) as [Language, ...Language[]];

/** Code that calls it, with its own inputs filled in. */
export function Snippets({ deployment }: { deployment: DeploymentDetail }) {
  const { t } = useTranslation("deployment");
  const [language, setLanguage] = useTab("code", ALL);
  const [every, setEvery] = useState(false);
  const [key, setKey] = useState<Credentials | null>(null);
  const call = callOf(deployment, key, every);
  const more = callOf(deployment, null, true).sent.length > callOf(deployment).sent.length;
  return (
    <Stack component="section" gap="sm">
      <Title order={2} size="h4">
        {t("snippets.title")}
      </Title>
      <Tabs value={language} onChange={setLanguage} variant="pills" keepMounted={false}>
        <Group justify="space-between" gap="sm" mb="sm">
          <Tabs.List aria-label={t("snippets.label")}>
            {ALL.map((value) => (
              <Tabs.Tab key={value} value={value}>
                {t(`snippets.language.${value}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {more && (
            <Switch
              label={t("snippets.every")}
              checked={every}
              onChange={(event) => setEvery(event.currentTarget.checked)}
            />
          )}
        </Group>
        <Stack gap="sm">
          <SnippetKey deployment={deployment.name} value={key} onChange={setKey} />
          <Tabs.Panel value={language}>
            <CodeBlock code={written(call, language)} what={t(`snippets.language.${language}`)} maxHeight={520} />
          </Tabs.Panel>
        </Stack>
      </Tabs>
      <SampleFiles files={filesOf(call)} />
    </Stack>
  );
}
