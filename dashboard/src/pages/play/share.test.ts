import { beforeEach, describe, expect, it } from "vitest";
import { readShare, takeShare } from "./share";

describe("a share link", () => {
  it.each([
    ["#share=abc:s3cret_-", { client_id: "abc", client_secret: "s3cret_-" }],
    ["https://host/play/poster#share=abc:d%3Af ", { client_id: "abc", client_secret: "d:f" }],
    ["#share=abc:%zz", { client_id: "abc", client_secret: "%zz" }],
    ["#share=abc", null],
    ["#share=:x", null],
    ["https://host/play/poster", null],
    ["", null],
  ])("%s carries %j", (text, wanted) => {
    expect(readShare(text)).toEqual(wanted);
  });
});

describe("the page's own address", () => {
  beforeEach(() => window.history.replaceState(null, "", "/"));

  it("loses its secret at once", () => {
    window.history.replaceState(null, "", "/play/poster?a=1#share=abc:def");
    expect(takeShare()).toEqual({ client_id: "abc", client_secret: "def" });
    expect(window.location.href).toMatch(/\/play\/poster\?a=1$/);
    expect(takeShare()).toBeNull();
  });

  it("loses one that is damaged as well", () => {
    window.history.replaceState(null, "", "/play/poster#share=abc");
    expect(takeShare()).toBeNull();
    expect(window.location.hash).toBe("");
  });
});
