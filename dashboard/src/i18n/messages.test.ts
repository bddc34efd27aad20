import { describe, expect, it } from "vitest";
import { preferred } from "./index";

type Tree = { [key: string]: string | Tree };
const files = import.meta.glob<Tree>("./*/*.json", { eager: true, import: "default" });
const namespaces = Object.keys(files)
  .filter((path) => path.startsWith("./en/"))
  .map((path) => path.slice("./en/".length));

function leaves(tree: Tree, prefix = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value] as [string, string]] : leaves(value, `${prefix}${key}.`),
  );
}

/** Plural forms are a language's own: Chinese has one. */
const base = (key: string) => key.replace(/_(zero|one|two|few|many|other)$/, "");
const holes = (text: string) => [...text.matchAll(/{{\s*([\w.]+)/g)].map((found) => found[1]).sort();

describe.each(namespaces)("the messages of %s", (namespace) => {
  const english = leaves(files[`./en/${namespace}`] ?? {});
  const chinese = leaves(files[`./zh-TW/${namespace}`] ?? {});

  it("are the same in both languages", () => {
    expect([...new Set(chinese.map(([key]) => base(key)))].sort()).toEqual(
      [...new Set(english.map(([key]) => base(key)))].sort(),
    );
  });

  it("have the same holes to fill", () => {
    const wanted = new Map(english.map(([key, text]) => [base(key), holes(text)]));
    for (const [key, text] of chinese) {
      // "none" and "one" need no number
      const filled = /_(zero|one)$/.test(key) ? [...new Set([...holes(text), "count"])].sort() : holes(text);
      expect([key, filled]).toEqual([key, wanted.get(base(key))]);
    }
  });

  it("are not empty", () => {
    expect([...english, ...chinese].filter(([, text]) => !text.trim())).toEqual([]);
  });
});

describe("the language", () => {
  it.each([
    [["zh-TW", "en"], "zh-TW"],
    [["zh-HK"], "zh-TW"],
    [["de", "en-GB"], "en"],
    [["fr"], "en"],
    [[], "en"],
  ])("is the browser's first that there is: %j", (wanted, language) => {
    expect(preferred(wanted)).toBe(language);
  });
});
