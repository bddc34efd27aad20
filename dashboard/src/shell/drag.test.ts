import { describe, expect, it } from "vitest";
import { carriesFiles, deploymentAt } from "./drag";

describe("a drag", () => {
  it("carries files only when the browser says so", () => {
    expect(carriesFiles({ types: ["Files"] })).toBe(true);
    expect(carriesFiles({ types: ["text/plain", "text/html"] })).toBe(false);
    expect(carriesFiles(null)).toBe(false);
  });
});

describe("what is dropped", () => {
  it.each([
    ["/deployments/poster", "poster"],
    ["/deployments/poster/versions", "poster"],
    ["/", undefined],
    ["/deploy", undefined],
    ["/jobs/deployments", undefined],
  ])("at %s belongs to %s", (location, name) => {
    expect(deploymentAt(location)).toBe(name);
  });
});
