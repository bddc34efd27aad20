import { useQuery } from "@tanstack/react-query";
import { api, must } from "~/api/client";
import { obstacleOf } from "./readiness";
import { rowsOf } from "./rows";

const DAY = 86_400;

/** The deployments, and what is known of how they do: that comes later, and its failing is no failure of the list. */
export function useOverview() {
  const deployments = useQuery({
    queryKey: ["deployments"],
    queryFn: async () => must(await api.GET("/api/deployments")),
    refetchInterval: 15_000,
  });
  const some = Boolean(deployments.data?.length);
  const usage = useQuery({
    queryKey: ["usage", { by: "deployment", last: DAY }],
    queryFn: async () => {
      const query = { by: "deployment", since: Date.now() / 1000 - DAY } as const;
      return must(await api.GET("/api/usage", { params: { query } }));
    },
    refetchInterval: 15_000,
    enabled: some,
  });
  const workers = useQuery({
    queryKey: ["workers"],
    queryFn: async () => must(await api.GET("/api/workers")),
    refetchInterval: 10_000,
  });
  return {
    deployments,
    rows: rowsOf(deployments.data ?? [], usage.data),
    figuresKnown: usage.data !== undefined,
    obstacle: workers.data ? obstacleOf(workers.data) : null,
  };
}
