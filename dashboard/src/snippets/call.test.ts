import { describe, expect, it } from "vitest";
import { input } from "~/api/input.fixture";
import { callOf, filesOf, valuesOf } from "./call";
import { exampleFile, exampleValue } from "./example";

const url = "https://api.example.org/comfy/d/poster/infer";
const deployment = (...inputs: ReturnType<typeof input>[]) => ({ name: "poster", url, inputs });
const names = (...inputs: ReturnType<typeof input>[]) =>
  callOf(deployment(...inputs)).sent.map((one) => one.input.name);

describe("a call", () => {
  it("knows its URLs, also below a path", () => {
    expect(callOf(deployment())).toMatchObject({
      server: "https://api.example.org/comfy",
      infer: url,
      run: "https://api.example.org/comfy/d/poster/run",
    });
  });

  it("sends what a form shows first, in its order", () => {
    const advanced = input("cfg", "text", { advanced: true });
    const required = input("style", "text", { advanced: true, required: true, order: 9 });
    expect(
      names(required, input("prompt", "text", { order: 2 }), input("seed", "text", { order: 1 }), advanced),
    ).toEqual(["seed", "prompt", "style"]);
  });

  it("sends neither what is hidden nor what is locked, not even of all", () => {
    const inputs = [
      input("a", "text", { hidden: true }),
      input("b", "text", { locked: true }),
      input("c", "text", { advanced: true }),
      input("d", "text"),
    ];
    expect(callOf(deployment(...inputs), null, true).sent.map((one) => one.input.name)).toEqual(["c", "d"]);
  });

  it("sends one input where all are advanced: the text, the seed, or whatever there is", () => {
    const [steps, seed, text] = [
      input("steps", "integer", { advanced: true }),
      input("seed", "seed", { advanced: true }),
      input("text", "text", { advanced: true }),
    ];
    expect(names(steps, seed, text)).toEqual(["text"]);
    expect(names(steps, seed)).toEqual(["seed"]);
    expect(names(steps)).toEqual(["steps"]);
    expect(names()).toEqual([]);
  });

  it("tells values and files apart", () => {
    const photo = input("photo", "image");
    const call = callOf(deployment(photo, input("mask", "image"), input("prompt", "text", { default: "a dog" })));
    expect(valuesOf(call)).toEqual({ prompt: "a dog" });
    expect(valuesOf(call, "key")).toEqual({ "1-inputs-prompt": "a dog" });
    expect(filesOf(call)).toEqual([{ file: "photo.png", kind: "image" }]);
  });
});

describe("the value of an example", () => {
  it.each([
    ["its default", input("a", "text", { default: "a dog" }), "a dog"],
    ["some text where the default is empty", input("a", "text", { default: "" }), "a cat in the rain"],
    ["a default of a choice", choice("b"), "b"],
    ["the first choice where the default is none of them", choice("gone"), "a"],
    ["a number", input("a", "number", { default: 0.5 }), 0.5],
    ["a number within the limits", input("a", "integer", { default: 99, minimum: 1, maximum: 8 }), 8],
    ["a number that is made up", input("a", "integer", { minimum: 16 }), 16],
    ["a seed that keeps its digits", input("a", "seed", { default: 2 ** 60, minimum: 0, maximum: 2 ** 64 }), 42],
    ["yes or no", input("a", "boolean"), false],
    ["a list", input("a", "any", { default: [1, "x"] }), [1, "x"]],
  ])("is %s", (_, declared, value) => {
    expect(exampleValue(declared)).toEqual(value);
  });

  it("is short", () => {
    expect(exampleValue(input("a", "text", { default: "x".repeat(5000) }))).toHaveLength(300);
  });

  it.each([
    ["portrait.webp", "portrait.webp"],
    ["pasted/image (1).png [input]", "photo.png"],
    ["-rf.png", "photo.png"],
    [null, "photo.png"],
  ])("is a file: for %j %s", (own, file) => {
    expect(exampleFile(input("a", "image", { default: own }))).toBe(file);
  });
});

function choice(own: string) {
  return input("a", "choice", { default: own, choices: ["a", "b"].map((value) => ({ value, label: value })) });
}
