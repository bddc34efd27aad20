import { useEffect } from "react";
import { ApiError } from "~/api/errors";
import { queryClient } from "~/api/queryClient";

/** Ask for the session again as soon as any request is answered "not signed in": it has ended, or the token was replaced. */
export function useSignedOut(): void {
  useEffect(
    () =>
      queryClient.getQueryCache().subscribe(({ type, query }) => {
        const fault = query.state.error;
        if (
          type === "updated" &&
          query.queryKey[0] !== "session" &&
          fault instanceof ApiError &&
          fault.status === 401
        ) {
          void queryClient.invalidateQueries({ queryKey: ["session"] });
        }
      }),
    [],
  );
}
