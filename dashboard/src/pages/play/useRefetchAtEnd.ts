import { useCallback } from "react";
import { jobKey } from "~/api/jobs";
import { queryClient } from "~/api/queryClient";

/** A stream that has ended knows more than the last poll: poll again at once. */
export function useRefetchAtEnd(promptId: string): () => void {
  return useCallback(() => void queryClient.refetchQueries({ queryKey: jobKey(promptId) }), [promptId]);
}
