import { expect, it } from "vitest";
import { percent } from "./percent";

it.each([
  [0, "0%"],
  [0.5, "50%"],
  [0.974, "97%"],
  [0.996, "99.6%"],
  [0.99999, "99.9%"],
  [1, "100%"],
])("a share of %d reads %s", (share, text) => {
  expect(percent(share, "en")).toBe(text);
});
