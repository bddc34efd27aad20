import { expect, it } from "vitest";
import type { Setting } from "~/api/types";
import { found, shown } from "./search";

const setting = (name: string, description: string): Setting => ({
  name,
  description,
  value: 1,
  default: 1,
  changed: false,
});

it("settings are found by name and meaning", () => {
  const all = [setting("VIEWCOMFY_PORT", "The port."), setting("VIEWCOMFY_HOST", "The address.")];
  expect(found(all, " address").map((one) => one.name)).toEqual(["VIEWCOMFY_HOST"]);
  expect(found(all, "viewcomfy_")).toHaveLength(2);
});

it("nothing is shown as a dash, false as itself", () => {
  expect([null, "", false, 0, "x"].map(shown)).toEqual(["–", "–", "false", "0", "x"]);
});
