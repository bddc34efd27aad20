import { expect, it } from "vitest";
import { successRate } from "./successRate";

it("leaves out what was canceled or is still open, and is unknown where nothing has ended", () => {
  expect(successRate({ succeeded: 3, failed: 1 })).toBe(0.75);
  expect(successRate({ succeeded: 0, failed: 2 })).toBe(0);
  expect(successRate({ succeeded: 0, failed: 0 })).toBeNull();
});
