import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import type { Key } from "~/api/types";
import { ADMIN, keyName } from "./keyNames";

/** The keys, and how to name the one that sent a job. */
export function useKeyNames(): { keys: Key[]; nameOf: (keyId: string) => string } {
  const { t } = useTranslation("jobs");
  const keys = useQuery({
    queryKey: ["keys"],
    queryFn: async () => must(await api.GET("/api/keys")),
    staleTime: 30_000,
  });
  const nameOf = useCallback(
    (keyId: string) => {
      if (keyId === ADMIN) return t("key.admin");
      const { name, visitor } = keyName(keyId, keys.data ?? []);
      return visitor ? t("key.visitor", { name, visitor }) : name;
    },
    [keys.data, t],
  );
  return { keys: keys.data ?? [], nameOf };
}
