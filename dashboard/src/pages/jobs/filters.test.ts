import { describe, expect, it } from "vitest";
import { queryOf, readFilters, writeFilters } from "./filters";

describe("the filters of the jobs", () => {
  it.each([
    "",
    "status=running&status=failed",
    "status=queued&deployment=poster&key=vc_1%7Eab&range=24h",
    "range=custom&from=2026-11-22T10%3A00&to=2026-11-23T10%3A00",
  ])("survive the address: %s", (search) => {
    const once = readFilters(search);
    expect(readFilters(writeFilters(once))).toEqual(once);
    expect([...new URLSearchParams(writeFilters(once))].sort()).toEqual([...new URLSearchParams(search)].sort());
  });

  it("pass over what the address says wrongly", () => {
    const filters = readFilters("?status=odd&range=1y&from=never&deployment=");
    expect(filters).toEqual({ statuses: [], deployment: null, key: null, range: null, from: "", to: "" });
  });

  it("count a range back from now", () => {
    expect(queryOf(readFilters("range=1h&deployment=a&key=k"), 10_000)).toEqual({
      created_after: 6_400,
      deployment: "a",
      key_id: "k",
    });
  });

  it("ask for times of one's own choice", () => {
    const query = queryOf(readFilters("range=custom&from=2026-11-22T10:00"), 0);
    expect(query).toEqual({ created_after: new Date("2026-11-22T10:00").getTime() / 1000 });
  });

  it("ask for no state when all are wanted", () => {
    const all = "status=queued&status=running&status=succeeded&status=failed&status=canceled";
    expect(queryOf(readFilters(all), 0)).toEqual({});
    expect(queryOf(readFilters("status=failed"), 0)).toEqual({ status: ["failed"] });
  });
});
