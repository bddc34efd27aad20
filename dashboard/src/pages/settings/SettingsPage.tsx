import { Anchor, Badge, Code, Group, Switch, Table, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import type { Setting } from "~/api/types";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import narrow from "~/ui/NarrowTable.module.css";
import { Page } from "~/ui/Page";
import { found, shown } from "./search";

/** What the server runs with. */
export default function SettingsPage() {
  const { t } = useTranslation("settings");
  const [search, setSearch] = useState("");
  const [changedOnly, setChangedOnly] = useState(false);
  const settings = useQuery({ queryKey: ["settings"], queryFn: async () => must(await api.GET("/api/settings")) });
  const rows = found(settings.data ?? [], search).filter((one) => one.changed || !changedOnly);
  return (
    <Page title={t("title")} description={<Trans t={t} i18nKey="description" components={{ code: <Code /> }} />}>
      {settings.isPending && <Loading />}
      {settings.isError && <ErrorNote error={settings.error} onRetry={() => settings.refetch()} />}
      {settings.data && (
        <>
          <Group>
            <TextInput
              aria-label={t("search")}
              placeholder={t("search")}
              leftSection={<IconSearch size={16} aria-hidden />}
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
              style={{ flex: "1 1 14rem" }}
              maw={420}
            />
            <Switch
              label={t("changedOnly")}
              checked={changedOnly}
              onChange={(event) => setChangedOnly(event.currentTarget.checked)}
            />
          </Group>
          {rows.length ? <SettingTable rows={rows} /> : <Text c="dimmed">{t("none")}</Text>}
          <Text size="sm" c="dimmed">
            <Anchor href="/docs">{t("apiDocs")}</Anchor>
          </Text>
        </>
      )}
    </Page>
  );
}

function SettingTable({ rows }: { rows: Setting[] }) {
  const { t } = useTranslation("settings");
  return (
    <Table verticalSpacing="xs" className={narrow.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("column.name")}</Table.Th>
          <Table.Th w="30%">{t("column.value")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((one) => (
          <Table.Tr key={one.name}>
            <Table.Td>
              <div>
                <Code className="break">{one.name}</Code>
                <Text size="sm" c="dimmed" mt={4} className="break">
                  {one.description}
                </Text>
              </div>
            </Table.Td>
            <Table.Td maw={{ md: 320 }} data-label={t("column.value")}>
              <div>
                <Text className="break" fw={one.changed ? 650 : undefined}>
                  {shown(one.value)}
                </Text>
                {one.changed && (
                  <Group gap="xs">
                    <Badge size="sm" variant="light">
                      {t("changed")}
                    </Badge>
                    <Text size="xs" c="dimmed" className="break">
                      {t("default", { value: shown(one.default) })}
                    </Text>
                  </Group>
                )}
              </div>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
