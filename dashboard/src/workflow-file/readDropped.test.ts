// @vitest-environment node: jsdom has no streams
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ApiError, type ErrorBody } from "~/api/errors";
import { nameProblem } from "~/pages/deploy/nameRule";
import { FileFault } from "./faults";
import { readDropped } from "./readDropped";

const workflow = { "1": { class_type: "LoadImage", inputs: { image: "a.png" }, _meta: { title: "Übergröße 海" } } };
const ascii = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const utf8 = (text: string) => new TextEncoder().encode(text);

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(12 + data.length); // the checksum is left at 0: nobody asks for it
  new DataView(frame.buffer).setUint32(0, data.length);
  frame.set(ascii(type), 4);
  frame.set(data, 8);
  return frame;
}

function png(...texts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const pixels = chunk("IDAT", deflateSync(Uint8Array.of(0, 7)));
  return joined(signature, chunk("IHDR", size), ...texts, pixels, chunk("IEND", new Uint8Array()));
}

const tEXt = (key: string, text: string) => chunk("tEXt", ascii(`${key}\0${text}`));
const zTXt = (key: string, text: string) => chunk("zTXt", joined(ascii(`${key}\0\0`), deflateSync(ascii(text))));
const iTXt = (key: string, text: string, packed: boolean) =>
  chunk(
    "iTXt",
    joined(ascii(`${key}\0${packed ? "\x01" : "\0"}\0en\0${key}\0`), packed ? deflateSync(utf8(text)) : utf8(text)),
  );
const escaped = (value: unknown) =>
  JSON.stringify(value).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

const models = [{ folder: "vae", file: "a.safetensors", url: "https://example.com/a.safetensors", sha256: "" }];
const sent: string[] = [];
const convert = async (blob: Blob) => {
  sent.push(await blob.text());
  return { workflow_api: workflow, models };
};

const file = (content: BlobPart, name = "poster.json") => new File([content], name);
const faultOf = (content: BlobPart, name?: string) =>
  readDropped(file(content, name), convert).then(
    () => "none",
    (fault: unknown) => (fault instanceof FileFault ? fault.code : fault),
  );

describe("a JSON file", () => {
  it("in the API format is a workflow to deploy, named after the file", async () => {
    const draft = await readDropped(file(JSON.stringify(workflow), "Poster Maker.json"), convert);
    expect(draft).toEqual({ filename: "Poster Maker.json", name: "poster-maker", workflow_api: workflow });
  });

  it("may be the request to ComfyUI's own API", async () => {
    const draft = await readDropped(file(JSON.stringify({ client_id: "x", prompt: workflow })), convert);
    expect(draft.workflow_api).toEqual(workflow);
  });

  it("may have a node that is called prompt", async () => {
    const odd = { prompt: workflow["1"], "2": workflow["1"] };
    expect((await readDropped(file(JSON.stringify(odd)), convert)).workflow_api).toEqual(odd);
  });

  it("may hold NaN, and what ComfyUI notes while it runs is left out", async () => {
    const text = JSON.stringify({ "1": { ...workflow["1"], is_changed: ["?"] } }).replace('"?"', "NaN");
    expect((await readDropped(file(text), convert)).workflow_api).toEqual(workflow);
  });

  it.each([
    ["notJson", "{"],
    ["notJson", "hello"],
    ["notWorkflow", "[]"],
    ["notWorkflow", "{}"],
    ["notWorkflow", '"text"'],
    ["notWorkflow", '{"name": "viewcomfy", "version": 3}'],
    ["badNode", '{"1": {"class_type": "A", "inputs": {}}, "2": {"class_type": "B"}}'],
    ["empty", ""],
    ["appWithoutWorkflow", '{"file_type": "view_comfy", "workflows": []}'],
    ["appWithoutWorkflow", '{"workflows": [{"viewComfyJSON": {}, "workflowApiJSON": null}]}'],
  ])("is refused as %s: %s", async (code, text) => {
    expect(await faultOf(text)).toBe(code);
  });

  it("is refused when it is larger than the server takes", async () => {
    expect(await faultOf(" ".repeat(16 * 1024 * 1024 + 1))).toBe("tooLarge");
  });
});

describe("a view_comfy.json", () => {
  const entry = (title: string) => ({ viewComfyJSON: { title, inputs: [] }, workflowApiJSON: workflow });

  it("is an app file, named after its title", async () => {
    const app = { file_type: "view_comfy", workflows: [entry("Big Poster")] };
    const draft = await readDropped(file(JSON.stringify(app), "view_comfy.json"), convert);
    expect(draft).toEqual({ filename: "view_comfy.json", name: "big-poster", title: "Big Poster", app_file: app });
  });

  it("with several workflows is as many drafts, each with one", async () => {
    const app = { appTitle: "All", workflows: [entry("One"), entry("Two")] };
    const draft = await readDropped(file(JSON.stringify(app), "view_comfy.json"), convert);
    expect([draft, ...(draft.others ?? [])].map((one) => [one.name, one.app_file])).toEqual([
      ["one", { ...app, workflows: [entry("One")] }],
      ["two", { ...app, workflows: [entry("Two")] }],
    ]);
  });
});

describe("a picture", () => {
  const text = escaped(workflow);

  it.each([
    ["tEXt", tEXt("prompt", text)],
    ["zTXt", zTXt("prompt", text)],
    ["iTXt", iTXt("prompt", JSON.stringify(workflow), false)],
    ["packed iTXt", iTXt("prompt", JSON.stringify(workflow), true)],
  ])("gives the workflow that it carries as %s", async (_, carried) => {
    const draft = await readDropped(
      file(png(tEXt("workflow", '{"nodes": []}'), carried), "ComfyUI_00001_.png"),
      convert,
    );
    expect(draft.workflow_api).toEqual(workflow);
    expect(nameProblem(draft.name)).toBeNull();
  });

  it("of one of our jobs gives the workflow without that job's folder and uploads", async () => {
    const id = "e0bdbe5e-9e3b-4bc6-a8ff-e7654c84e319";
    const ran = (image: string, filename_prefix: string) => ({
      "1": { class_type: "LoadImage", inputs: { image } },
      "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix } },
    });
    const carried = tEXt("prompt", escaped(ran(`${id}-0-photo.jpg`, `viewcomfy/${id}/posters/big`)));
    const draft = await readDropped(file(png(carried), "big_00001_.png"), convert);
    expect(draft.workflow_api).toEqual(ran("photo.jpg", "posters/big"));
    expect(draft.name).toBe("big");
  });

  it.each([
    ["pngWithoutWorkflow", png()],
    ["pngWithoutWorkflow", png(tEXt("parameters", "a cat"))],
    ["notJson", png(tEXt("prompt", "a cat"))],
    ["pngBroken", png(tEXt("prompt", text)).slice(0, 60)],
    ["pngBroken", png(chunk("zTXt", ascii("prompt\0\0not packed")))],
  ])("is refused as %s", async (code, bytes) => {
    expect(await faultOf(bytes, "picture.png")).toBe(code);
  });
});

describe("what the server converts", () => {
  const edited = '{"nodes": [], "big": 12345678901234567890}';

  it.each([
    ["JSON of the editor", edited, edited],
    ["a picture that carries nothing else", png(tEXt("workflow", edited)), edited],
    ["WebP", joined(ascii("RIFF\x10\0\0\0WEBPVP8 "), new Uint8Array(3)), "RIFF\x10\0\0\0WEBPVP8 \0\0\0"],
    ["MP4", joined(ascii("\0\0\0\x18ftypisom"), new Uint8Array(3)), "\0\0\0\x18ftypisom\0\0\0"],
  ])("is %s, with its numbers as they were written", async (_, content, text) => {
    const draft = await readDropped(file(content, "Poster.json"), convert);
    expect(draft).toMatchObject({ name: "poster", workflow_api: workflow, models });
    expect(sent.pop()?.replaceAll(/,\s*|:\s*/g, " ")).toBe(text.replaceAll(/,\s*|:\s*/g, " "));
  });

  it("may lie in an app file", async () => {
    const app = { workflows: [{ viewComfyJSON: { title: "One" }, workflowApiJSON: { nodes: [] } }] };
    const { app_file } = await readDropped(file(JSON.stringify(app)), convert);
    expect(app_file).toEqual({ workflows: [{ viewComfyJSON: { title: "One" }, workflowApiJSON: workflow }] });
  });

  it("is refused with what the server says of each node", async () => {
    const body = {
      code: "invalid_workflow",
      detail: "It can't be converted.",
      problems: [{ message: "Node 3 is odd." }],
    };
    const refuse = () => Promise.reject(new ApiError(422, body as ErrorBody));
    await expect(readDropped(file(edited), refuse)).rejects.toMatchObject({
      code: "refused",
      facts: { detail: "It can't be converted. Node 3 is odd." },
    });
  });
});
