import { Anchor, Code, Group, Paper, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { DeploymentDetail } from "~/api/types";
import { Scroll } from "~/ui/Scroll";

/** Where, when and with what the jobs of a version run, as far as something was said of it. */
export function PlaceCard({ deployment }: { deployment: DeploymentDetail }) {
  const { t } = useTranslation("deployment");
  const { pool, priority, memory, environment, warm_up, models } = deployment;
  const said: [string, string][] = [
    [t("place.pool"), pool === "default" ? "" : pool],
    [t("place.priority"), priority === 1 ? "" : t(priority === 0 ? "place.urgent" : "place.low")],
    [t("place.memory"), memory ? `${memory} GiB` : ""],
    [t("place.environment"), environment],
    [t("place.warmUp"), warm_up ? warmUpText(warm_up, t("place.asItIs")) : ""],
  ];
  const facts = said.filter(([, value]) => value);
  if (!facts.length && !models.length) return null;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="sm">
        {t("place.title")}
      </Title>
      <Stack gap="md">
        {facts.length > 0 && (
          <SimpleGrid component="dl" m={0} cols={{ base: 1, xs: 2, sm: 3 }} spacing="lg" verticalSpacing="xs">
            {facts.map(([name, value]) => (
              <div key={name}>
                <Text component="dt" size="xs" c="dimmed">
                  {name}
                </Text>
                <Text component="dd" m={0} size="sm" className="break">
                  {value}
                </Text>
              </div>
            ))}
          </SimpleGrid>
        )}
        {models.length > 0 && <Models models={models} />}
      </Stack>
    </Paper>
  );
}

function Models({ models }: Pick<DeploymentDetail, "models">) {
  const { t } = useTranslation("deployment");
  return (
    <Scroll label={t("place.models")}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("place.model")}</Table.Th>
            <Table.Th>{t("place.from")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {models.map(({ folder, file, url }) => (
            <Table.Tr key={`${folder}/${file}`}>
              <Table.Td>
                <Code className="break">
                  {folder}/{file}
                </Code>
              </Table.Td>
              <Table.Td>
                <Group gap="xs">
                  {url ? (
                    <Anchor href={url} target="_blank" rel="noreferrer" size="sm" className="break">
                      {hostOf(url)}
                    </Anchor>
                  ) : (
                    <Text size="sm" c="dimmed">
                      {t("place.unknown")}
                    </Text>
                  )}
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function warmUpText(values: Record<string, unknown>, nothing: string): string {
  return Object.keys(values).length ? JSON.stringify(values) : nothing;
}
