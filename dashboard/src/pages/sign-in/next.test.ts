import { describe, expect, it } from "vitest";
import { safeNext } from "./next";

const ORIGIN = "http://127.0.0.1:8000";

describe("after signing in", () => {
  it.each(["/", "/jobs?status=failed#top", "/deployments/poster?tab=report"])("%s is gone back to", (path) => {
    expect(safeNext(path, ORIGIN)).toBe(path);
  });

  it.each([
    null,
    "",
    "jobs",
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/\t/evil.example/",
    "/.//evil.example/",
    "javascript:alert(1)",
    "//",
    "/sign-in?next=/jobs",
  ])("%j leads home", (path) => {
    expect(safeNext(path, ORIGIN)).toBe("/");
  });
});
