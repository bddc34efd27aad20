import { describe, expect, it } from "vitest";
import type { Workers } from "~/api/types";
import { comfyPages } from "./comfyPages";

const workers = {
  queued: 0,
  workers: [
    { name: "here", backends: [{ name: "c-0", state: "ready", url: "http://127.0.0.1:8188" }] },
    {
      name: "gpu",
      backends: [
        { name: "c-1", state: "ready", url: "http://10.0.0.5:8188" },
        { name: "c-2", state: "stopped", url: null },
        { name: "c-3", state: "ready", url: "odd" },
      ],
    },
  ],
} as unknown as Workers;

describe("ComfyUI's own pages", () => {
  it("that listen on their machine only are for browsers on it", () => {
    expect(comfyPages(workers, null, "localhost").map(({ name }) => name)).toEqual(["here / c-0", "gpu / c-1"]);
    expect(comfyPages(workers, null, "example.org").map(({ name }) => name)).toEqual(["gpu / c-1"]);
  });

  it("begin with the worker that ran the job", () => {
    expect(comfyPages(workers, "gpu", "127.0.0.1")[0]).toEqual({
      name: "gpu / c-1",
      url: "http://10.0.0.5:8188",
      own: true,
    });
  });
});
