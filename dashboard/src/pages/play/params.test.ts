import { describe, expect, it } from "vitest";
import { input as plain } from "~/api/input.fixture";
import type { JobDetail } from "~/api/types";
import { asides, headline, inputsFor, paramsText, uploadsOf, valuesOf } from "./params";

const input: typeof plain = (name, kind, more) => plain(name, kind, { label: name.toUpperCase(), ...more });

const INPUTS = [
  input("title", "text"),
  input("prompt", "text", { multiline: true }),
  input("seed", "seed", { default: 1 }),
  input("steps", "integer", { default: 12 }),
  input("size", "choice", { default: "s", choices: [{ value: "l", label: "Large" }] }),
  input("photo", "image"),
  input("secret", "text", { hidden: true }),
  input("fixed", "integer", { locked: true }),
];
const SENT = {
  title: "t",
  prompt: " a cat ",
  seed: 1,
  steps: 12,
  size: "l",
  photo: "me.png",
  secret: "x",
  fixed: 3,
  gone: 1,
};
const photo = { input: "photo", filename: "me.png" } as NonNullable<JobDetail["uploads"]>[number];

describe("the params of a job", () => {
  it("are copied as JSON, without files and what the form does not show", () => {
    expect(JSON.parse(paramsText(INPUTS, SENT))).toEqual({
      title: "t",
      prompt: " a cat ",
      seed: 1,
      steps: 12,
      size: "l",
    });
  });

  it("keep all digits of a seed", () => {
    const sent = { seed: "18446744073709551615", title: "18446744073709551615", size: [1] };
    expect(paramsText(INPUTS, sent)).toBe(
      '{\n  "title": "18446744073709551615",\n  "seed": 18446744073709551615,\n  "size": [\n    1\n  ]\n}',
    );
    expect(paramsText(INPUTS, {})).toBe("{}");
  });

  it("go back into the form as they were", () => {
    expect(valuesOf(INPUTS, { prompt: "", steps: 0 })).toEqual({ prompt: "", steps: 0 });
  });

  it("take their files along where the form has a place for them", () => {
    const other = { ...photo, input: "no-longer-there" };
    expect(uploadsOf(INPUTS, [photo, other])).toEqual([photo]);
  });
});

describe("the headline of a job", () => {
  it("is its prompt", () => {
    expect(headline(INPUTS, { inputs: SENT, uploads: [photo] })).toBe("a cat");
  });

  it("is its files where nothing was written", () => {
    expect(headline(INPUTS, { inputs: { prompt: " " }, uploads: [photo] })).toBe("me.png");
    expect(headline([], { inputs: {}, uploads: [] })).toBe("");
  });
});

describe("what else was said", () => {
  it("is what differs from the default, and the seed", () => {
    expect(asides(INPUTS, SENT)).toEqual([
      ["TITLE", "t"],
      ["SEED", "1"],
      ["SIZE", "Large"],
    ]);
  });
});

describe("an output", () => {
  it.each([
    ["image/jpeg", ["a", "any"]],
    ["video/mp4", ["v", "any"]],
    ["text/plain", ["any"]],
  ])("of %s can be sent for %j", (type, names) => {
    const inputs = [
      input("a", "image"),
      input("v", "video"),
      input("any", "file"),
      input("h", "image", { hidden: true }),
    ];
    expect(inputsFor(inputs, { content_type: type }).map(({ name }) => name)).toEqual(names);
  });
});
