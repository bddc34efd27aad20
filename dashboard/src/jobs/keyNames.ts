import type { Key } from "~/api/types";

const VISITOR = "~";
export const ADMIN = "admin";

/** What a job's `key_id` stands for. */
interface KeyName {
  name: string;
  /** The first letters of the visitor's id, for jobs that came through a share link. */
  visitor: string | null;
}

/** Return who sent a job: the key's name, or the share link's and which of its visitors. */
export function keyName(keyId: string, keys: readonly Pick<Key, "client_id" | "name">[]): KeyName {
  const [clientId = "", visitor] = keyId.split(VISITOR);
  const key = keys.find((known) => known.client_id === clientId);
  return { name: key?.name || clientId, visitor: visitor ? visitor.slice(0, 6) : null };
}
