import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./errors";

const AGAIN_MS = 2_000;

/**
 * What was fetched, shared by all pages. A refusal is final; where nothing answers, the page says so at once and asks again until
 * something does. (Retries before it says so would show the page as loading for most of the time.)
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: false,
      refetchInterval: ({ state }) => whileAway(state.error),
    },
  },
});

/** Return when to ask again after a fault: soon, where nothing has answered but, at most, a proxy in front of the server. */
export function whileAway(fault: unknown): number | false {
  return fault instanceof ApiError && (fault.status === 0 || fault.status >= 502) ? AGAIN_MS : false;
}
