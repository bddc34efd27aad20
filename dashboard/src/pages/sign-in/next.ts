/** Return where to go after signing in: a page of this dashboard, home for anything else. */
export function safeNext(next: string | null, origin: string): string {
  if (!next?.startsWith("/")) return "/";
  try {
    const url = new URL(next, origin);
    const path = url.pathname + url.search + url.hash;
    const ours = url.origin === origin && !url.pathname.startsWith("//") && url.pathname !== "/sign-in";
    return ours ? path : "/";
  } catch {
    return "/";
  }
}
