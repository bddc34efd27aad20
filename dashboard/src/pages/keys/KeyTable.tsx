import { Badge, Code, Group, Stack, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "~/api/client";
import { queryClient } from "~/api/queryClient";
import type { Key } from "~/api/types";
import { Ago } from "~/ui/Ago";
import { ConfirmButton } from "~/ui/ConfirmButton";
import { CopyButton } from "~/ui/CopyButton";
import narrow from "~/ui/NarrowTable.module.css";
import { failed, said } from "~/ui/notify";
import { keyState } from "./keyState";

const COLOURS = { active: "teal", expired: "yellow", revoked: "gray" } as const;

/** The keys, a row each. */
export function KeyTable({ keys }: { keys: Key[] }) {
  const { t } = useTranslation("keys");
  return (
    <Table verticalSpacing="sm" highlightOnHover className={narrow.table}>
      <Table.Thead>
        <Table.Tr>
          {(["name", "state", "scope", "limits", "expires", "lastUsed"] as const).map((column) => (
            <Table.Th key={column}>{t(`column.${column}`)}</Table.Th>
          ))}
          <Table.Th aria-label={t("column.actions")} />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {keys.map((key) => (
          <KeyRow key={key.client_id} of={key} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function KeyRow({ of: key }: { of: Key }) {
  const { t } = useTranslation("keys");
  const state = keyState(key);
  return (
    <Table.Tr>
      <Table.Td maw={{ md: 280 }}>
        <div>
          <Text fw={550} className="break">
            {key.name || t("unnamed")}
          </Text>
          <Group gap={2} wrap="nowrap">
            <Code>{key.client_id}</Code>
            <CopyButton value={key.client_id} what="client_id" />
          </Group>
        </div>
      </Table.Td>
      <Table.Td data-label={t("column.state")}>
        <Stack gap={4} align="flex-start">
          <Badge variant="light" color={COLOURS[state]}>
            {t(`state.${state}`)}
          </Badge>
          {key.share && <Badge variant="outline">{t("share")}</Badge>}
        </Stack>
      </Table.Td>
      <Table.Td maw={{ md: 220 }} data-label={t("column.scope")}>
        <div>
          <Text size="sm" className="break">
            {key.deployments === null ? t("allDeployments") : key.deployments.join(", ")}
          </Text>
          {key.allow_override && (
            <Text size="xs" c="dimmed">
              {t("mayOverride")}
            </Text>
          )}
        </div>
      </Table.Td>
      <Table.Td data-label={t("column.limits")}>
        <Limits of={key} />
      </Table.Td>
      <Table.Td data-label={t("column.expires")}>
        {key.expires_at == null ? t("never") : <Ago at={key.expires_at} />}
      </Table.Td>
      <Table.Td data-label={t("column.lastUsed")}>
        {key.last_used_at == null ? t("unused") : <Ago at={key.last_used_at} />}
      </Table.Td>
      <Table.Td ta={{ md: "right" }}>{state === "active" && <Revoke of={key} />}</Table.Td>
    </Table.Tr>
  );
}

function Limits({ of: key }: { of: Key }) {
  const { t } = useTranslation("keys");
  if (key.max_active == null && key.max_running == null && key.max_per_day == null)
    return <Text size="sm">{t("noLimits")}</Text>;
  return (
    <div>
      {key.max_active != null && <Text size="sm">{t("atOnce", { count: key.max_active })}</Text>}
      {key.max_running != null && <Text size="sm">{t("runningAtOnce", { count: key.max_running })}</Text>}
      {key.max_per_day != null && <Text size="sm">{t("perDay", { count: key.max_per_day })}</Text>}
    </div>
  );
}

function Revoke({ of: key }: { of: Key }) {
  const { t } = useTranslation("keys");
  const revoke = useMutation({
    mutationFn: () => api.DELETE("/api/keys/{client_id}", { params: { path: { client_id: key.client_id } } }),
    onSuccess: () => {
      said(t("revoked", { name: key.name || key.client_id }));
      return queryClient.invalidateQueries({ queryKey: ["keys"] });
    },
    onError: failed,
  });
  return (
    <ConfirmButton
      size="xs"
      variant="subtle"
      color="red"
      loading={revoke.isPending}
      question={t("revokeQuestion", { name: key.name || key.client_id })}
      consequence={t("revokeConsequence")}
      onConfirm={() => revoke.mutate()}
    >
      {t("revoke")}
    </ConfirmButton>
  );
}
