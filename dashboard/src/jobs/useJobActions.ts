import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import type { Job } from "~/api/types";
import { failed, said } from "~/ui/notify";
import { forEach, type JobAction, type Outcome } from "./outcome";

const CALLS: Record<JobAction, (prompt_id: string) => Promise<Job | null>> = {
  cancel: async (prompt_id) => {
    await api.POST("/api/jobs/{prompt_id}/cancel", { params: { path: { prompt_id } } });
    return null;
  },
  retry: async (prompt_id) => must(await api.POST("/api/jobs/{prompt_id}/retry", { params: { path: { prompt_id } } })),
  remove: async (prompt_id) => {
    await api.DELETE("/api/jobs/{prompt_id}", { params: { path: { prompt_id } } });
    return null;
  },
};

/** Cancel, retry or delete jobs and say how it went. `made` are the jobs that retrying made. */
export function useJobActions() {
  const { t } = useTranslation("jobs");
  const client = useQueryClient();
  return useCallback(
    async (action: JobAction, promptIds: string[]): Promise<Outcome & { made: Job[] }> => {
      const made: Job[] = [];
      const outcome = await forEach(promptIds, async (id) => {
        const job = await CALLS[action](id);
        if (job) made.push(job);
      });
      if (outcome.done.length) said(t(`did.${action}`, { count: outcome.done.length }));
      const fault = outcome.faults[0];
      if (fault !== undefined) failed(fault);
      if (outcome.faults.length > 1) failed(new Error(t("notDone", { count: outcome.faults.length })));
      if (action === "remove") for (const id of outcome.done) client.removeQueries({ queryKey: ["job", id] });
      await Promise.all([
        client.invalidateQueries({ queryKey: ["jobs"] }),
        ...(action === "cancel" ? outcome.done.map((id) => client.invalidateQueries({ queryKey: ["job", id] })) : []),
      ]);
      return { ...outcome, made };
    },
    [client, t],
  );
}
