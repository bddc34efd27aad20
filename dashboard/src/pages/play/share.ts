/** What a share link carries. */
export interface ShareCredentials {
  client_id: string;
  client_secret: string;
}

/** Return the credentials in a share link's fragment, or in what people paste for it; null where there are none. */
export function readShare(text: string): ShareCredentials | null {
  const found = /#share=([^:\s#]+):([^\s#]+)$/.exec(text.trim());
  if (!found?.[1] || !found[2]) return null;
  return { client_id: decoded(found[1]), client_secret: decoded(found[2]) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Return the credentials in the page's own address, and take them out of it at once: they must not stay where they can be seen or shared on. */
export function takeShare(): ShareCredentials | null {
  const { hash, pathname, search } = window.location;
  if (!hash.startsWith("#share=")) return null;
  window.history.replaceState(window.history.state, "", pathname + search);
  return readShare(hash);
}
