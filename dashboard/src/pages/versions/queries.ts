import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, must } from "~/api/client";
import { fetchDeployment } from "~/api/deployments";
import { queryClient } from "~/api/queryClient";
import type { components } from "~/api/schema";

export type Version = components["schemas"]["VersionOut"];

const PAGE = 50;

/** The versions of a deployment, newest first, page by page. */
export function useVersions(name: string) {
  return useInfiniteQuery({
    queryKey: ["versions", name],
    initialPageParam: undefined as number | undefined,
    queryFn: async ({ pageParam }) =>
      must(
        await api.GET("/api/deployments/{name}/versions", {
          params: { path: { name }, query: { limit: PAGE, before: pageParam } },
        }),
      ),
    getNextPageParam: ({ versions }) => (versions.length < PAGE ? undefined : versions.at(-1)?.version),
  });
}

/** A deployment in its current version, with its canary. */
export function useCurrent(name: string) {
  return useQuery({
    queryKey: ["deployment", name],
    queryFn: () => fetchDeployment(name),
  });
}

/** One version with its workflow; it never changes. */
export function useVersion(name: string, version: number | null) {
  return useQuery({
    queryKey: ["deployment", name, version],
    queryFn: () => fetchDeployment(name, version ?? undefined),
    enabled: version !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** What changes for callers from one version to another. */
export function useDiff(name: string, before: number | null, after: number | null) {
  return useQuery({
    queryKey: ["diff", name, before, after],
    queryFn: async () =>
      must(
        await api.GET("/api/deployments/{name}/diff", {
          params: { path: { name }, query: { before: before ?? undefined, after: after ?? undefined } },
        }),
      ),
    enabled: before !== null && after !== null && before !== after,
  });
}

/** What answers calls is another version now. */
export async function released(name: string): Promise<void> {
  await Promise.all(
    [["deployments"], ["deployment", name], ["versions", name]].map((queryKey) =>
      queryClient.invalidateQueries({ queryKey }),
    ),
  );
}
