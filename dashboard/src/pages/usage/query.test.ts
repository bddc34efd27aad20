import { expect, it } from "vitest";
import { readQuery, windowOf, writeQuery } from "./query";

it("a query survives the URL", () => {
  const query = { days: 7, by: "key", deployment: "a b" } as const;
  expect(readQuery(writeQuery(query))).toEqual(query);
});

it("what a URL does not say is the default, and so is nonsense", () => {
  expect(readQuery("?days=x&by=moon")).toEqual({ days: 1, by: "deployment", deployment: null });
});

it("a day is whole hours, and ends with the one that it is", () => {
  const now = new Date(2026, 4, 3, 14, 25);
  const until = new Date(2026, 4, 3, 15).getTime() / 1000;
  expect(windowOf(1, now)).toEqual({ since: until - 86_400, until });
});

it("a week is whole days, and ends with today", () => {
  const now = new Date(2026, 4, 3, 14, 25);
  const until = new Date(2026, 4, 4).getTime() / 1000;
  expect(windowOf(7, now)).toEqual({ since: until - 7 * 86_400, until });
});
