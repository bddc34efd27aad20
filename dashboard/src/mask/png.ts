const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY = 0;
const BITS = 8;

/**
 * Return a grey PNG. The rows come strip by strip, each with a byte 0 before it, so that no more of a large image
 * than a strip is held at a time: phones have no canvas of 64 megapixels.
 */
export async function greyPng(width: number, height: number, strips: AsyncIterable<Bytes>): Promise<Blob> {
  const zlib = new CompressionStream("deflate");
  const packed = new Response(zlib.readable).arrayBuffer();
  const writer = zlib.writable.getWriter();
  for await (const rows of strips) await writer.write(rows);
  await writer.close();
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([BITS, GREY], 8);
  const chunks = [chunk("IHDR", header), chunk("IDAT", new Uint8Array(await packed)), chunk("IEND", new Uint8Array())];
  return new Blob([new Uint8Array(SIGNATURE), ...chunks.flat()], { type: "image/png" });
}

/** Bytes that are not shared between threads. */
export type Bytes = Uint8Array<ArrayBuffer>;

function chunk(kind: string, data: Bytes): Bytes[] {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, data.length);
  head.set(
    [...kind].map((letter) => letter.charCodeAt(0)),
    4,
  );
  const tail = new Uint8Array(4);
  new DataView(tail.buffer).setUint32(0, checksum([head.subarray(4), data]));
  return [head, data, tail];
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

function checksum(parts: Bytes[]): number {
  let crc = 0xffffffff;
  for (const part of parts) for (const byte of part) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
