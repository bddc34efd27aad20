import { Container } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import { asApiError } from "~/api/errors";
import { EmptyState } from "~/ui/EmptyState";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { NoAccess } from "./NoAccess";
import { Playground } from "./Playground";
import { PlayShell } from "./PlayShell";
import { barrierOf } from "./refusals";
import { useArrival } from "./useArrival";

/** The playground of one deployment: for whoever has a share link, a key or the admin token. */
export default function PlayPage({ name }: { name: string }) {
  const { t } = useTranslation("play");
  const { arriving, error: refused } = useArrival();
  const deployment = useQuery({
    queryKey: ["playable", name],
    queryFn: async () => must(await api.GET("/d/{name}", { params: { path: { name } } })),
    enabled: !arriving,
    staleTime: 60_000,
    placeholderData: keepPreviousData, // who signs in anew finds the form as it was
  });
  if (deployment.data && !refused) return <Playground deployment={deployment.data} />;
  if (arriving || (deployment.isPending && !refused)) return <Loading />;
  const error = asApiError(refused ?? deployment.error);
  const barrier = barrierOf(error);
  if (barrier) return <NoAccess name={name} barrier={barrier} />;
  return (
    <PlayShell>
      <Container size="sm" py="xl">
        {error.code === "unknown_deployment" ? (
          <EmptyState icon={IconPlugConnectedX} title={t("unknown.title")}>
            {t("unknown.text", { name })}
          </EmptyState>
        ) : (
          <ErrorNote error={error} onRetry={() => deployment.refetch()} />
        )}
      </Container>
    </PlayShell>
  );
}
