import { Button } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "~/api/client";
import { queryClient } from "~/api/queryClient";
import type { Backend } from "~/api/types";
import { ConfirmButton } from "~/ui/ConfirmButton";
import { failed, said } from "~/ui/notify";

type Action = "start" | "stop" | "drain" | "restart";

/** What can be done with a backend as it stands. Someone else's is neither stopped nor restarted. */
export function Orders({ worker, backend }: { worker: string; backend: Backend }) {
  const { t } = useTranslation("backends");
  const order = useMutation({
    mutationFn: (action: Action) =>
      api.POST("/api/workers/{worker}/backends/{backend}/{action}", {
        params: { path: { worker, backend: backend.name, action } },
      }),
    onSuccess: (_, action) => said(t(`told.${action}`, { backend: backend.name })),
    onError: failed,
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["workers"] }),
  });
  const up = backend.state === "ready" || backend.state === "starting";
  const shared = { size: "xs", variant: "default", loading: order.isPending } as const;
  return (
    <>
      {(!up || backend.draining) && (
        <Button
          {...shared}
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          onClick={() => order.mutate("start")}
        >
          {t("start")}
        </Button>
      )}
      {up && backend.managed && (
        <ConfirmButton
          {...shared}
          leftSection={<IconPlayerStop size={14} aria-hidden />}
          question={t("stopQuestion", { backend: backend.name })}
          consequence={t("stopConsequence", { count: backend.prompt_ids.length })}
          onConfirm={() => order.mutate("stop")}
        >
          {t("stop")}
        </ConfirmButton>
      )}
      {!backend.draining && (
        <Button
          {...shared}
          leftSection={<IconPlayerPause size={14} aria-hidden />}
          onClick={() => order.mutate("drain")}
        >
          {t("drain")}
        </Button>
      )}
      {up && backend.managed && (
        <Button {...shared} leftSection={<IconRefresh size={14} aria-hidden />} onClick={() => order.mutate("restart")}>
          {t("restart")}
        </Button>
      )}
    </>
  );
}
