import { Switch } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import { EmptyState } from "~/ui/EmptyState";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Page } from "~/ui/Page";
import { KeyTable } from "./KeyTable";
import { keyState, sorted } from "./keyState";
import { NewKeyButton } from "./NewKeyButton";

/** The keys and share links: make, look at and revoke them. */
export default function KeysPage() {
  const { t } = useTranslation("keys");
  const [ended, setEnded] = useState(false);
  const keys = useQuery({
    queryKey: ["keys"],
    queryFn: async () => must(await api.GET("/api/keys")),
    refetchInterval: 15_000,
  });
  const shown = sorted(keys.data ?? []).filter((key) => ended || keyState(key) === "active");
  return (
    <Page title={t("title")} description={t("description")} actions={<NewKeyButton />}>
      {keys.isPending && <Loading />}
      {keys.isError && <ErrorNote error={keys.error} onRetry={() => keys.refetch()} />}
      {keys.data && (
        <>
          {keys.data.length > 0 && (
            <Switch
              label={t("showEnded")}
              checked={ended}
              onChange={(event) => setEnded(event.currentTarget.checked)}
            />
          )}
          {shown.length ? (
            <KeyTable keys={shown} />
          ) : (
            <EmptyState icon={IconKey} title={t("empty.title")}>
              {t("empty.what")}
            </EmptyState>
          )}
        </>
      )}
    </Page>
  );
}
