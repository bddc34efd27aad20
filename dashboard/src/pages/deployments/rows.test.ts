import { describe, expect, it } from "vitest";
import type { Deployment, Usage } from "~/api/types";
import { found, rowsOf } from "./rows";

const deployment = (name: string, title = "") => ({ name, title, description: "" }) as Deployment;
describe("the deployments", () => {
  const usage = { groups: [{ group: "b", jobs: 5, succeeded: 3, failed: 1, canceled: 1 }] } as Usage;

  it("come with their jobs and how they ended", () => {
    const rows = rowsOf([deployment("a"), deployment("b")], usage);
    expect(rows.map(({ jobs, successRate: rate }) => [jobs, rate])).toEqual([
      [0, null],
      [5, 0.75],
    ]);
  });

  it("are there before anything else is known of them", () => {
    expect(rowsOf([deployment("a")])[0]).toMatchObject({ jobs: 0, successRate: null });
  });

  it("are found by words of their name and title", () => {
    const rows = rowsOf([deployment("poster", "Big prints"), deployment("photo")]);
    expect(found(rows, "POST big").map((row) => row.deployment.name)).toEqual(["poster"]);
    expect(found(rows, " ")).toHaveLength(2);
  });
});
