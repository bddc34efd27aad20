import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, must } from "~/api/client";
import type { components } from "~/api/schema";
import type { Model } from "./missing";

const EVERY = 1_000;

export type Fetch = components["schemas"]["FetchOut"];

/** Have the workers of a pool fetch models: `start` begins it, `state` says how far it is, `onDone` is called at its end. */
export function useFetch(pool: string, onDone: () => void) {
  const [models, setModels] = useState<Model[]>([]);
  const ask = (wanted: Model[], retry: boolean) =>
    api.POST("/api/models/fetch", { body: { models: wanted, pool, retry, allow_pickle: false } }).then(must<Fetch>);
  const start = useMutation({
    mutationFn: (wanted: Model[]) => ask(wanted, true),
    onSuccess: (_, wanted) => setModels(wanted),
  });
  const state = useQuery({
    queryKey: ["fetch", pool, models],
    queryFn: () => ask(models, false),
    enabled: models.length > 0,
    gcTime: 0,
    refetchInterval: (query) => (query.state.data?.done ? false : EVERY),
  });
  const done = state.data?.done ?? false;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end is told once, whatever else is new
  useEffect(() => {
    if (done) onDone();
  }, [done]);
  return {
    start: start.mutate,
    isPending: start.isPending || (models.length > 0 && !done && !state.isError),
    state: state.data,
    error: start.error ?? state.error,
  };
}
