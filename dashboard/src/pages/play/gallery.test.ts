import { describe, expect, it } from "vitest";
import type { Job } from "~/api/types";
import { comparables, gallery, nameOf, placeOf, type Shown } from "./gallery";

const TYPES: Record<string, string> = { png: "image/png", mp4: "video/mp4", wav: "audio/wav" };
const job = (prompt_id: string, created_at: number, ...names: string[]) =>
  ({
    prompt_id,
    created_at,
    outputs: names.map((filename) => ({ filename, content_type: TYPES[filename.split(".")[1] ?? ""] ?? "" })),
  }) as Job;

const JOBS = [job("c", 3, "c.png"), job("b", 2, "b1.png", "b.wav", "b2.png"), job("a", 1, "a.mp4", "a.png")];
const names = (all: Shown[]) => all.map(nameOf);

describe("the gallery", () => {
  it("has the pictures and videos in the order of the page", () => {
    expect(names(gallery(JOBS))).toEqual(["c/c.png", "b/b1.png", "b/b2.png", "a/a.mp4", "a/a.png"]);
  });

  it("finds the one that is looked at again when there are more", () => {
    const before = gallery(JOBS);
    const shown = before[1] ?? null;
    expect(placeOf(gallery([job("d", 4, "d.png"), ...JOBS]), shown)).toBe(2);
    expect(placeOf(gallery([]), shown)).toBeNull();
    expect(placeOf(before, null)).toBeNull();
  });
});

describe("a picture", () => {
  it("is compared with those of its job first, then with the one before", () => {
    const all = gallery(JOBS);
    const shown = all[1];
    expect(shown && names(comparables(all, shown))).toEqual(["b/b2.png", "a/a.png", "c/c.png"]);
  });
});
