import { useQuery } from "@tanstack/react-query";
import { api, must } from "~/api/client";

/** Return the number that the next version of a deployment gets: the current one need not be the newest. */
export function useNextVersion(name: string | undefined): number | null {
  const { data } = useQuery({
    queryKey: ["versions", name, "newest"],
    queryFn: async () =>
      must(
        await api.GET("/api/deployments/{name}/versions", {
          params: { path: { name: name ?? "" }, query: { limit: 1 } },
        }),
      ),
    enabled: name !== undefined,
  });
  const newest = data?.versions[0]?.version;
  return name !== undefined && newest !== undefined ? newest + 1 : null;
}
