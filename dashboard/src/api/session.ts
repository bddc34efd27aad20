import { useQuery } from "@tanstack/react-query";
import { api, must } from "./client";
import { ApiError } from "./errors";
import { queryClient } from "./queryClient";
import type { Session } from "./types";

const KEY = ["session"];

/** The browser's session; null when there is none. */
export function useSession() {
  return useQuery({ queryKey: KEY, queryFn: fetchSession, staleTime: 60_000 });
}

export async function fetchSession(): Promise<Session | null> {
  try {
    return must(await api.GET("/api/session"));
  } catch (fault) {
    if (fault instanceof ApiError && fault.status === 401) return null;
    throw fault;
  }
}

export type Credentials = { token: string } | { client_id: string; client_secret: string };

/** Sign in; the cookie is kept by the browser, out of reach of scripts. */
export async function signIn(credentials: Credentials): Promise<Session> {
  const session = must(await api.POST("/api/session", { body: credentials }));
  queryClient.setQueryData(KEY, session);
  queryClient.removeQueries({ predicate: isOther, type: "inactive" });
  void queryClient.invalidateQueries({ predicate: isOther }); // what is shown stays until it has been fetched anew
  return session;
}

export async function signOut(): Promise<void> {
  await api.DELETE("/api/session");
  queryClient.setQueryData(KEY, null);
  queryClient.removeQueries({ predicate: isOther });
}

/** Who asks for the session goes on asking: that query is never removed. */
function isOther({ queryKey }: { queryKey: readonly unknown[] }): boolean {
  return queryKey[0] !== KEY[0];
}
