import { useQuery } from "@tanstack/react-query";
import { fetchDeployment } from "~/api/deployments";

/** A deployment with its inputs and its workflow. */
export function useDeployment(name: string) {
  return useQuery({
    queryKey: ["deployment", name],
    queryFn: () => fetchDeployment(name),
  });
}
