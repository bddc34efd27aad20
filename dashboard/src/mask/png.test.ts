// @vitest-environment node
import { crc32, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Bytes, greyPng } from "./png";

async function* rows(...strips: number[][]): AsyncGenerator<Bytes> {
  for (const strip of strips) yield new Uint8Array(strip);
}

async function chunksOf(blob: Blob): Promise<[string, Buffer, boolean][]> {
  const bytes = Buffer.from(await blob.arrayBuffer());
  const found: [string, Buffer, boolean][] = [];
  for (let at = 8; at < bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at);
    found.push([
      bytes.toString("latin1", at + 4, at + 8),
      bytes.subarray(at + 8, end),
      crc32(bytes.subarray(at + 4, end)) === bytes.readUInt32BE(end),
    ]);
    at = end + 4;
  }
  return found;
}

describe("a grey PNG", () => {
  it("holds its size and its rows, and its checksums are right", async () => {
    const blob = await greyPng(3, 2, rows([0, 1, 2, 3], [0, 255, 0, 255]));
    const [header, data, end] = await chunksOf(blob);
    expect(blob.type).toBe("image/png");
    expect(header).toEqual(["IHDR", Buffer.from([0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0]), true]);
    expect(data?.[0]).toBe("IDAT");
    expect([...inflateSync(data?.[1] ?? Buffer.alloc(0))]).toEqual([0, 1, 2, 3, 0, 255, 0, 255]);
    expect(data?.[2]).toBe(true);
    expect(end).toEqual(["IEND", Buffer.alloc(0), true]);
  });

  it("fails where its rows can't be made", async () => {
    async function* broken(): AsyncGenerator<Bytes> {
      yield new Uint8Array([0, 1]);
      throw new Error("no memory");
    }
    await expect(greyPng(1, 2, broken())).rejects.toThrow("no memory");
  });
});
