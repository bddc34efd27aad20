import type { Key } from "~/api/types";

type KeyState = "active" | "expired" | "revoked";

/** Return whether a key still works. */
export function keyState(key: Key, now = Date.now() / 1000): KeyState {
  if (key.revoked_at !== null) return "revoked";
  return key.expires_at != null && key.expires_at <= now ? "expired" : "active";
}

/** Return the keys that work first, and among those that were made later first. */
export function sorted(keys: readonly Key[], now = Date.now() / 1000): Key[] {
  const rank = (key: Key) => (keyState(key, now) === "active" ? 0 : 1);
  return [...keys].sort((one, other) => rank(one) - rank(other) || other.created_at - one.created_at);
}
