import { describe, expect, it } from "vitest";
import type { Backend } from "~/api/types";
import { condition, reachable, used } from "./condition";

const backend = (changes: Partial<Backend>) =>
  ({ state: "stopped", draining: false, prompt_ids: [], ...changes }) as unknown as Backend;

describe("a backend", () => {
  it.each([
    [{}, "stopped"],
    [{ state: "ready" }, "ready"],
    [{ state: "ready", prompt_ids: ["1"] }, "working"],
    [{ state: "ready", prompt_ids: ["1"], draining: true }, "draining"],
    [{ state: "failed" }, "failed"],
  ] as const)("%j is %s", (changes, word) => {
    expect(condition(backend(changes as Partial<Backend>))).toBe(word);
  });
});

describe("its own page", () => {
  it.each([
    ["http://127.0.0.1:8188", "127.0.0.1", true],
    ["http://127.0.0.1:8188", "localhost", true],
    ["http://127.0.0.1:8188", "gpu.example.com", false],
    ["http://10.0.0.7:8188", "gpu.example.com", true],
    ["nonsense", "localhost", false],
  ])("at %s seen from %s: %s", (url, host, opens) => {
    expect(reachable(url, host)).toBe(opens);
  });
});

it("memory in use is a share of the whole, where that is known", () => {
  expect([used(25, 100), used(null, 100), used(5, null), used(200, 100)]).toEqual([75, null, null, 0]);
});
