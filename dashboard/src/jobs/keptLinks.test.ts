import { describe, expect, it } from "vitest";
import { keptLinks } from "./keptLinks";

describe("the links of outputs", () => {
  const output = (url: string, expires_at: number, size = 1) =>
    ({ filename: "a.png", node_id: "9", content_type: "image/png", size, url, expires_at }) as const;

  it("stay while they are good, so that a picture isn't fetched anew", () => {
    expect(keptLinks([output("new", 9_000)], [output("old", 5_000)], 1_000)[0]?.url).toBe("old");
    expect(keptLinks([output("new", 9_000)], [output("old", 1_100)], 1_000)[0]?.url).toBe("new");
    expect(keptLinks([output("new", 9_000, 2)], [output("old", 5_000)], 1_000)[0]?.url).toBe("new");
  });
});
