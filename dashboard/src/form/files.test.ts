import { describe, expect, it } from "vitest";
import { input } from "~/api/input.fixture";
import { isAccepted, pasteTarget } from "./files";

const PNG = { type: "image/png" };
const chosen = { file: new File(["x"], "x.png") };
const inputs = [
  input("text", "text"),
  input("extra", "file"),
  input("one", "image", { order: 1 }),
  input("two", "image", { order: 2 }),
];

describe("a pasted image", () => {
  it("goes to the focused field, also where that holds one", () => {
    expect(pasteTarget(inputs, { two: chosen }, "two", PNG)).toBe("two");
    expect(pasteTarget(inputs, {}, "extra", PNG)).toBe("extra");
  });

  it("goes to the first empty image field", () => {
    expect(pasteTarget(inputs, {}, null, PNG)).toBe("one");
    expect(pasteTarget(inputs, { one: chosen }, "text", PNG)).toBe("two");
  });

  it("replaces what is there only where it can't be another's", () => {
    expect(pasteTarget(inputs, { one: chosen, two: chosen }, null, PNG)).toBe(null);
    expect(pasteTarget([input("one", "image")], { one: chosen }, null, PNG)).toBe("one");
  });

  it("goes nowhere where nothing takes it", () => {
    expect(pasteTarget([input("sound", "audio"), input("hidden", "image", { hidden: true })], {}, null, PNG)).toBe(
      null,
    );
  });
});

describe("a file", () => {
  it.each([
    ["image", "image/webp", true],
    ["image", "text/plain", false],
    ["image", "", true],
    ["video", "image/gif", true],
    ["video", "image/jpeg", false],
    ["audio", "video/mp4", true],
    ["file", "application/x-anything", true],
  ] as const)("for an %s input of type %j is taken: %s", (kind, type, taken) => {
    expect(isAccepted(kind, { type })).toBe(taken);
  });
});
