import { describe, expect, it } from "vitest";
import type { Key } from "~/api/types";
import { keyState, sorted } from "./keyState";

const key = (changes: Partial<Key>): Key => ({
  client_id: "vc_1",
  name: "",
  deployments: null,
  allow_override: true,
  created_at: 0,
  last_used_at: null,
  revoked_at: null,
  expires_at: null,
  max_active: null,
  max_per_day: null,
  share: false,
  ...changes,
});

describe("a key", () => {
  it.each([
    [{}, "active"],
    [{ expires_at: 11 }, "active"],
    [{ expires_at: 10 }, "expired"],
    [{ revoked_at: 1, expires_at: 5 }, "revoked"],
  ])("with %j is %s", (changes, state) => {
    expect(keyState(key(changes), 10)).toBe(state);
  });
});

it("keys that work come first, the newest of them before", () => {
  const keys = [
    key({ client_id: "old" }),
    key({ client_id: "gone", created_at: 9, revoked_at: 1 }),
    key({ client_id: "new", created_at: 5 }),
  ];
  expect(sorted(keys, 10).map((one) => one.client_id)).toEqual(["new", "old", "gone"]);
});
