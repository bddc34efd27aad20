import { describe, expect, it } from "vitest";
import { outputKind, suffixOf } from "./outputKind";

describe("an output", () => {
  it.each([
    ["cat.png", "image/png", "image"],
    ["cat.svg", "image/svg+xml", "image"],
    ["cat.exr", "image/x-exr", "file"],
    ["cat.mp4", "video/mp4", "video"],
    ["cat.avi", "video/x-msvideo", "file"],
    ["cat.flac", "audio/flac", "audio"],
    ["text_9.txt", "text/plain; charset=utf-8", "text"],
    ["data.json", "application/json", "text"],
    ["cat.glb", "model/gltf-binary", "model"],
    ["cat.FBX", "application/octet-stream", "model"],
    ["cat.latent", "application/octet-stream", "file"],
  ])("%s of %s is shown as %s", (filename, content_type, kind) => {
    expect(outputKind({ filename, content_type })).toBe(kind);
  });
});

describe("the suffix", () => {
  it.each([
    ["cat.glb", "GLB"],
    ["archive.tar.gz", "GZ"],
    ["no suffix", ""],
    ["odd.thisisnotasuffix", ""],
  ])("of %s is %j", (filename, suffix) => {
    expect(suffixOf(filename)).toBe(suffix);
  });
});
