import { useEffect, useState } from "react";
import { type ApiError, asApiError } from "~/api/errors";
import { fetchSession, signIn } from "~/api/session";
import { type ShareCredentials, takeShare } from "./share";

interface Arrival {
  /** A share link is being traded for a session. */
  arriving: boolean;
  /** Why that was refused. */
  error: ApiError | null;
}

/** Trade the share link in the address for a session. The admin stays the admin. */
export function useArrival(): Arrival {
  const [arriving, setArriving] = useState(() => window.location.hash.startsWith("#share="));
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    const arrive = () => {
      const hadShare = window.location.hash.startsWith("#share=");
      const share = takeShare();
      if (share) {
        setArriving(true);
        enter(share)
          .then(
            () => setError(null),
            (fault) => setError(asApiError(fault)),
          )
          .finally(() => setArriving(false));
      } else if (hadShare) setArriving(false);
    };
    arrive();
    window.addEventListener("hashchange", arrive); // a link pasted over this page's own address loads nothing anew
    return () => window.removeEventListener("hashchange", arrive);
  }, []);
  return { arriving, error };
}

async function enter(share: ShareCredentials): Promise<void> {
  const session = await fetchSession();
  if (session?.role !== "admin") await signIn(share);
}
