import { useQuery } from "@tanstack/react-query";
import { api, must } from "~/api/client";

/** Where the current version of a deployment can run now. That starts no ComfyUI, as `GET /api/doctor` may. */
export function useReport(name: string) {
  return useQuery({
    queryKey: ["deployment", name, "report"],
    queryFn: async () => must(await api.GET("/api/deployments/{name}/report", { params: { path: { name } } })),
    staleTime: 30_000,
    refetchInterval: 60_000,
  });
}
