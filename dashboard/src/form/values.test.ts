import { describe, expect, it } from "vitest";
import { input } from "~/api/input.fixture";
import type { Input } from "~/api/types";
import { NEW_SEED } from "./exact";
import { initialValues, isFileValue, isInitial, toRunForm, type Values } from "./values";

const prompt = input("prompt", "text", { default: "a cat", multiline: true });
const steps = input("steps", "integer", { default: 20, minimum: 1, maximum: 100 });
const cfg = input("cfg", "number", { default: 4 });
const seed = input("seed", "seed", { default: 7, minimum: 0, maximum: 2 ** 64 });
const photo = input("photo", "image", { default: "example.png" });
const picture = new File(["pixels"], "me.png", { type: "image/png" });
const mask = new File(["white"], "mask.png", { type: "image/png" });

const sent = (inputs: Input[], values: Values) =>
  toRunForm(inputs, { ...initialValues(inputs), ...values }).get("inputs");

describe("a form that nobody has filled in", () => {
  it("holds the defaults, no files, and a new seed for each run", () => {
    const any = input("any", "any", { default: [1, 2] });
    const hidden = input("hidden", "text", { default: "x", hidden: true });
    const locked = input("locked", "text", { default: "x", locked: true });
    expect(initialValues([prompt, steps, seed, photo, any, hidden, locked])).toEqual({
      prompt: "a cat",
      steps: 20,
      seed: NEW_SEED,
      photo: null,
      any: [1, 2],
    });
  });

  it("sends its seeds alone", () => {
    expect(sent([prompt, steps, seed], {})).toBe('{"seed":5e-324}');
  });

  it("sends one thing that holds anyway where it has no seed", () => {
    expect(sent([steps, prompt], {})).toBe('{"steps":20}');
    expect(sent([photo], {})).toBe('{"photo":"example.png"}');
  });

  it("sends nothing where there are no inputs", () => {
    expect(sent([], {})).toBe("{}");
  });
});

describe("what is sent", () => {
  it("is what differs from the defaults", () => {
    expect(sent([prompt, steps, cfg], { steps: 30, cfg: 4.0 })).toBe('{"steps":30}');
    expect(sent([prompt, steps], { prompt: 'a "dog"\n' })).toBe('{"prompt":"a \\"dog\\"\\n"}');
  });

  it("is what is required, default or not", () => {
    expect(sent([{ ...prompt, required: true }, steps], {})).toBe('{"prompt":"a cat"}');
  });

  it("is no field that is not shown", () => {
    expect(sent([{ ...prompt, locked: true }, { ...cfg, hidden: true }, steps], { prompt: "x", cfg: 1 })).toBe(
      '{"steps":20}',
    );
  });

  it("is an empty text, but no empty number", () => {
    expect(sent([prompt, steps, cfg], { prompt: "", steps: null, cfg: "" })).toBe('{"prompt":""}');
  });

  it("is no empty text where text is required", () => {
    expect(sent([{ ...prompt, required: true }, steps], { prompt: "" })).toBe('{"steps":20}');
  });

  it.each([
    ["18446744073709551615", '{"seed":18446744073709551615}'],
    ["9007199254740993", '{"seed":9007199254740993}'],
    ["-0012", '{"seed":-12}'],
    [12345, '{"seed":12345}'],
    [9007199254740993n, '{"seed":9007199254740993}'],
    [NEW_SEED, '{"seed":5e-324}'],
  ])("is a seed to its last digit: %s", (value, json) => {
    expect(sent([seed], { seed: value })).toBe(json);
  });

  it("is no default that lost its last digits on the way here", () => {
    const long = input("long", "integer", { default: 2 ** 60 });
    expect(sent([long, steps], {})).toBe('{"steps":20}');
  });

  it("is a number, however it was typed", () => {
    expect(sent([cfg], { cfg: "1.50" })).toBe('{"cfg":1.5}');
    expect(sent([cfg], { cfg: "-" })).toBe('{"cfg":"-"}');
  });

  it("is a list where one was typed as JSON, and text where it is none", () => {
    const any = input("any", "any", { default: [1] });
    expect(sent([any], { any: " [1, 2] " })).toBe('{"any":[1, 2]}');
    expect(sent([any], { any: "a, b" })).toBe('{"any":"a, b"}');
    expect(sent([{ ...any, default: "5" }], { any: "6" })).toBe('{"any":"6"}');
  });

  it("is a choice as it is, of whatever type", () => {
    const size = input("size", "choice", { default: 512, choices: [{ value: 1024, label: "Large" }] });
    expect(sent([size], { size: 1024 })).toBe('{"size":1024}');
  });
});

describe("a file", () => {
  it("goes as a part by the name of its input, and its mask beside it", () => {
    const form = toRunForm([photo, steps], { photo: { file: picture, mask }, steps: 20 });
    expect(form.get("inputs")).toBe("{}");
    expect((form.get("photo") as File).name).toBe("me.png");
    expect((form.get("photo-viewcomfymask") as File).name).toBe("mask.png");
  });

  it("has no mask part without a mask", () => {
    expect([...toRunForm([photo], { photo: { file: picture } }).keys()]).toEqual(["inputs", "photo"]);
  });

  it("is told from other values", () => {
    expect(isFileValue({ file: picture })).toBe(true);
    expect([null, "a.png", 3, {}, { file: "a.png" }].some(isFileValue)).toBe(false);
  });
});

describe("a field", () => {
  it("is as at first until something else is in it", () => {
    expect(isInitial(steps, 20)).toBe(true);
    expect(isInitial(steps, "20")).toBe(true);
    expect(isInitial(steps, 21)).toBe(false);
    expect(isInitial(photo, undefined)).toBe(true);
    expect(isInitial(photo, { file: picture })).toBe(false);
    expect(isInitial(seed, 7)).toBe(false);
  });
});
