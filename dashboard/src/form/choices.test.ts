import { describe, expect, it } from "vitest";
import { keyOf, optionsOf, realValue } from "./choices";

const choices = [
  { value: "euler", label: "Quick" },
  { value: 512, label: "512" },
  { value: true, label: "On" },
];

describe("the options of a choice", () => {
  it("know their real values, of whatever type", () => {
    const options = optionsOf(choices, [], String);
    expect(options.map(({ value }) => realValue(value))).toEqual(["euler", 512, true]);
    expect(options.map(({ label }) => label)).toEqual(["Quick", "512", "On"]);
  });

  it("hold what was chosen and is no longer there", () => {
    const options = optionsOf(choices, ["gone.safetensors", "euler", null], (text) => `${text}?`);
    expect(options).toHaveLength(4);
    expect(options[3]).toEqual({ value: keyOf("gone.safetensors"), label: "gone.safetensors?" });
  });

  it("are there once each", () => {
    expect(optionsOf([...choices, ...choices], [], String)).toHaveLength(3);
  });
});
