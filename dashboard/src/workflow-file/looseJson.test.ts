import { describe, expect, it } from "vitest";
import { Written } from "~/api/exactJson";
import { parseLoosely } from "./looseJson";

describe("JSON as Python writes it", () => {
  it("may begin with a byte order mark", () => {
    expect(parseLoosely('\ufeff{"a": 1}')).toEqual({ a: 1 });
  });

  it("may hold NaN and Infinity, which become null", () => {
    expect(parseLoosely('{"is_changed": [NaN], "b": -Infinity, "c": Infinity}')).toEqual({
      is_changed: [null],
      b: null,
      c: null,
    });
  });

  it("keeps the digits of large whole numbers, beside NaN too", () => {
    const seed = new Written("18446744073709551615");
    expect(parseLoosely('{"seed": 18446744073709551615}')).toEqual({ seed });
    expect(parseLoosely('{"seed": 18446744073709551615, "b": NaN}')).toEqual({ seed, b: null });
  });

  it("keeps texts that only speak of NaN", () => {
    const text = 'a NaN "quoted" \\ Infinity';
    expect(parseLoosely(`{"a": ${JSON.stringify(text)}, "b": NaN}`)).toEqual({ a: text, b: null });
  });

  it.each(["{", "nope", "", "{'a': 1}", '{"a": NaNo}'])("is not %s", (text) => {
    expect(() => parseLoosely(text)).toThrow(SyntaxError);
  });
});
