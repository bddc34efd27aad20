import { describe, expect, it } from "vitest";
import { input as plain } from "~/api/input.fixture";
import type { Input } from "~/api/types";
import { applied, type Edits, hasEdits, isEdited, moved, NO_EDITS, reset, toSend, withField } from "./edits";

function input(name: string, order: number, more: Partial<Input> = {}): Input {
  return plain(name, "text", { order, default: "", ...more });
}

const declared = ["a", "b", "c", "d"].map((name, order) => input(name, order));
const [a, b] = declared as [Input, Input, Input, Input];
const names = (edits: Edits, base = declared) => applied(base, edits, declared).map((one) => one.name);
const key = (name: string) => `1-inputs-${name}`;

describe("a field", () => {
  it("that is changed is sent alone", () => {
    const edits = withField(NO_EDITS, a, "label", "Scene");
    expect(toSend(declared, edits, declared)).toEqual({ [key("a")]: { label: "Scene" } });
    expect(applied(declared, edits)[0]).toEqual({ ...a, label: "Scene" });
  });

  it("that is set to what it was is no edit", () => {
    const edits = withField(withField(NO_EDITS, a, "label", "Scene"), a, "label", "a");
    expect(hasEdits(edits)).toBe(false);
    expect(toSend(declared, edits, declared)).toEqual({});
  });

  it("that is set to what the workflow declares is taken back", () => {
    const base = [{ ...a, label: "Scene" }, b];
    const edits = withField(NO_EDITS, base[0] as Input, "label", "a");
    expect(toSend(base, edits, declared)).toEqual({ [key("a")]: { label: null } });
  });

  it("may be an empty text, false or 0, and is sent as such", () => {
    const base = [input("n", 0, { kind: "integer", description: "x", default: 5, advanced: true })];
    const one = base[0] as Input;
    let edits = withField(NO_EDITS, one, "description", "");
    edits = withField(edits, one, "advanced", false);
    edits = withField(edits, one, "default", 0);
    expect(toSend(base, edits, base)).toEqual({ [key("n")]: { description: "", advanced: false, default: 0 } });
  });

  it("without the declaration is sent as it is", () => {
    expect(toSend(declared, withField(NO_EDITS, a, "name", "scene"))).toEqual({ [key("a")]: { name: "scene" } });
  });

  it("leaves inputs that nothing is changed about the same objects", () => {
    expect(applied(declared, withField(NO_EDITS, a, "label", "Scene"))[1]).toBe(b);
  });
});

describe("choices", () => {
  const choices = [
    { value: "euler", label: "Quick" },
    { value: "dpm", label: "dpm" },
  ];

  it("are sent with their labels where those say more", () => {
    const edits = withField(NO_EDITS, a, "choices", choices);
    expect(toSend(declared, edits, declared)).toEqual({
      [key("a")]: { choices: [{ value: "euler", label: "Quick" }, "dpm"] },
    });
  });

  it("make a text a choice, and a choice a text again when they are taken back", () => {
    const edits = withField(NO_EDITS, a, "choices", choices);
    expect(applied(declared, edits, declared)[0]?.kind).toBe("choice");
    const base = [{ ...a, kind: "choice" as const, choices }];
    const back = withField(NO_EDITS, base[0] as Input, "choices", null);
    expect(applied(base, back, declared)[0]?.kind).toBe("text");
  });
});

describe("an input", () => {
  it("that is reset is as the workflow declares it", () => {
    const base = [{ ...a, label: "Scene", hidden: true }, b];
    const edits = reset(withField(NO_EDITS, base[0] as Input, "required", true), base[0] as Input, a);
    expect(applied(base, edits, declared)[0]).toEqual(a);
    expect(toSend(base, edits, declared)).toEqual({ [key("a")]: { label: null, hidden: null } });
  });

  it("is edited where it differs from the declaration", () => {
    expect(isEdited({ ...a, hidden: true }, a)).toBe(true);
    expect(isEdited({ ...a, order: 3 }, a)).toBe(false);
    expect(isEdited(a, undefined)).toBe(false);
  });
});

describe("the order", () => {
  it("that is changed is sent from the first to the last place that differ", () => {
    const edits = moved(NO_EDITS, declared, key("c"), 1);
    expect(names(edits)).toEqual(["a", "c", "b", "d"]);
    expect(toSend(declared, edits, declared)).toEqual({ [key("c")]: { order: 1 }, [key("b")]: { order: 2 } });
  });

  it("that is as before is no edit", () => {
    const edits = moved(moved(NO_EDITS, declared, key("c"), 0), declared, key("c"), 2);
    expect(edits.order).toBeNull();
  });

  it("ends at the ends", () => {
    expect(names(moved(NO_EDITS, declared, key("a"), 99))).toEqual(["b", "c", "d", "a"]);
    expect(names(moved(NO_EDITS, declared, key("d"), -1))).toEqual(["d", "a", "b", "c"]);
  });

  it("that goes back to the declared one gives all places back", () => {
    const base = applied(declared, moved(NO_EDITS, declared, key("c"), 0));
    const edits = moved(NO_EDITS, base, key("c"), 2);
    expect(names(edits, base)).toEqual(["a", "b", "c", "d"]);
    expect(toSend(base, edits, declared)).toEqual(
      Object.fromEntries(["a", "b", "c", "d"].map((name) => [key(name), { order: null }])),
    );
  });

  it("is sent together with the fields of the same input", () => {
    const edits = moved(withField(NO_EDITS, b, "label", "B"), declared, key("b"), 0);
    expect(toSend(declared, edits, declared)).toEqual({
      [key("b")]: { label: "B", order: 0 },
      [key("a")]: { order: 1 },
    });
  });
});
