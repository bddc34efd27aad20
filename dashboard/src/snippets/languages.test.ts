import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { input } from "~/api/input.fixture";
import { callOf } from "./call";
import { LANGUAGES, type Language, written } from "./languages";
import { python, shellJson, shellWord } from "./quote";

const NASTY = `it's "quoted" \\ $HOME \`id\` %s {x}\n海報 🎉 \u2028 </script>`;
const url = "http://127.0.0.1:8000/d/poster/infer";
const key = { client_id: "vc_1", client_secret: "vcs_2" };
const withText = callOf({ name: "poster", url, inputs: [input("prompt", "text", { default: NASTY }), seed()] }, key);
const photo = input("photo", "image", { key: "7-inputs-image" });
const withFile = callOf({ name: "poster", url, inputs: [photo, input("prompt", "text", { default: "a; b" })] }, key);
const all = Object.keys(LANGUAGES) as Language[];

function seed() {
  return input("seed", "seed", { default: 7 });
}

describe.each(all)("%s", (language) => {
  it("holds the key where there is one", () => {
    expect(written(withText, language)).toContain("vcs_2");
    expect(written(withText, language)).not.toContain("VIEWCOMFY_");
  });

  it("reads the key from the environment otherwise", () => {
    const code = written({ ...withText, key: null }, language);
    expect(code).toContain("VIEWCOMFY_CLIENT_ID");
    expect(code).toContain("VIEWCOMFY_CLIENT_SECRET");
  });

  it("names the file, and nothing of files where there is none", () => {
    expect(written(withFile, language)).toContain("photo.png");
    expect(written(withText, language)).not.toMatch(/readFile|open\(|Path\("|@photo| -F /);
  });

  it("can be written without any input", () => {
    expect(written(callOf({ name: "poster", url, inputs: [] }), language)).toContain("127.0.0.1:8000");
  });
});

describe("curl", () => {
  /** What the program is given when a shell reads the command. */
  const received = (command: string) =>
    execFileSync("sh", ["-c", `curl() { printf '%s\\0' "$@"; }\n${command}`], { encoding: "utf8" })
      .split("\0")
      .slice(0, -1);

  it("gives the shell one word for each option, whatever the values hold", () => {
    const words = received(written(withText, "curl"));
    expect(words[0]).toBe("http://127.0.0.1:8000/d/poster/run");
    expect(words.slice(1, 9)).toEqual(
      ["client_id: vc_1", "client_secret: vcs_2", "Prefer: wait=60", "Content-Type: application/json"].flatMap(
        (header) => ["-H", header],
      ),
    );
    expect(words[9]).toBe("-d");
    expect(JSON.parse(words[10] ?? "")).toEqual({ inputs: { prompt: NASTY, seed: 7 } });
  });

  it("sends files as parts of a form, and values so that no semicolon cuts them", () => {
    const words = received(written(withFile, "curl"));
    const [inputs, part] = [words.indexOf("--form-string") + 1, words.indexOf("-F") + 1];
    expect(words[inputs]?.startsWith("inputs=")).toBe(true);
    expect(JSON.parse(words[inputs]?.slice("inputs=".length) ?? "")).toEqual({ prompt: "a; b" });
    expect(words[part]).toBe("photo=@photo.png");
    expect(words.join(" ")).not.toContain("Content-Type");
  });
});

describe("the Python SDK", () => {
  it("takes inputs as keywords", () => {
    const code = written(withFile, "python");
    expect(code).toContain('photo=Path("photo.png"),');
    expect(code).toContain('prompt="a; b",');
    expect(code).toContain('client.deployment("poster")');
  });

  it.each(["class", "timeout", "photo size", "1st"])("takes them in a dict where one is called %s", (name) => {
    const code = written(callOf({ name: "poster", url, inputs: [input(name, "text", { default: "x" })] }), "python");
    expect(code).toContain(`{\n            ${JSON.stringify(name)}: "x",\n        }`);
  });
});

describe("the published client", () => {
  it("takes param keys, and open files", () => {
    const code = written(withFile, "published");
    expect(code).toContain('"7-inputs-image": open("photo.png", "rb"),');
    expect(code).toContain('"1-inputs-prompt": "a; b",');
    expect(code).toContain(`api_url="${url}"`);
  });
});

describe("TypeScript", () => {
  it("sends JSON without files, and a form with them", () => {
    expect(written(withText, "typescript")).toContain('"Content-Type": "application/json"');
    const code = written(withFile, "typescript");
    expect(code).toContain('form.set("photo", new Blob([await readFile("photo.png")]), "photo.png");');
    expect(code).not.toContain("Content-Type");
  });
});

describe("a value", () => {
  it("is written for Python", () => {
    expect(python({ a: [true, false, null, 1.5], "b'c": 'd"e\n' })).toBe(
      `{"a": [True, False, None, 1.5], "b'c": "d\\"e\\n"}`,
    );
  });

  it("is written for a shell", () => {
    expect(shellWord("photo=@a.png")).toBe("photo=@a.png");
    expect(shellWord("it's")).toBe("'it'\\''s'");
    expect(shellJson("it's", "x=")).toBe("'x=\"it\\u0027s\"'");
  });
});
