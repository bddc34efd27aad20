import { describe, expect, it } from "vitest";
import { nameProblem } from "~/pages/deploy/nameRule";
import { nameFrom, suggestName } from "./deploymentName";

describe("the suggested name", () => {
  it.each([
    ["Poster Maker.json", "poster-maker"],
    ["poster_api.json", "poster"],
    ["poster_v2.1.json", "poster_v2.1"],
    ["poster (3).json", "poster"],
    ["Café crème.JSON", "cafe-creme"],
    ["portrait_00012_.png", "portrait"],
    ["workflow_api.json", "my-workflow"],
    ["workflow_api (1).json", "my-workflow"],
    ["ComfyUI_00001_.png", "my-workflow"],
    ["view_comfy.json", "my-workflow"],
    ["海報.json", "my-workflow"],
    ["..json", "my-workflow"],
    ["a..b.json", "a.b"],
    [`${"x".repeat(100)}.json`, "x".repeat(63)],
  ])("for %s is %s", (filename, name) => {
    expect(suggestName(filename)).toBe(name);
    expect(nameProblem(name)).toBeNull();
  });

  it("is the title's where there is one", () => {
    expect(suggestName("view_comfy.json", "Poster: the BIG one!")).toBe("poster-the-big-one");
    expect(suggestName("poster.json", "海報")).toBe("poster");
  });

  it("never ends where a name may not end, even when it is cut", () => {
    expect(nameFrom(`${"x".repeat(62)}- y`)).toBe("x".repeat(62));
  });
});
