/** The texts that a PNG carries: ComfyUI writes the workflow that made a picture into `prompt`. */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const LARGEST = 32 * 1024 * 1024;
const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder();

/** Tell whether these are the first bytes of a PNG. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, at) => bytes[at] === byte);
}

/** Return the text of a PNG under a keyword, null where it has none. Throws RangeError where one is cut off or damaged. */
export async function pngText(bytes: Uint8Array, keyword: string): Promise<string | null> {
  for (const { type, data } of chunks(bytes)) {
    const end = data.indexOf(0);
    if (end < 0 || !/^(tEXt|zTXt|iTXt)$/.test(type) || latin1.decode(data.subarray(0, end)) !== keyword) continue;
    const rest = data.subarray(end + 1);
    if (type === "tEXt") return latin1.decode(rest);
    if (type === "zTXt") return latin1.decode(await inflate(rest.subarray(1)));
    return international(rest);
  }
  return null;
}

/** Yield the chunks of a PNG up to its end; one that is cut off ends it too. */
function* chunks(bytes: Uint8Array): Generator<{ type: string; data: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = SIGNATURE.length;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at);
    const type = latin1.decode(bytes.subarray(at + 4, at + 8));
    if (at + 8 + length > bytes.length) throw new RangeError(`The chunk ${type} is cut off.`);
    yield { type, data: bytes.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

/** Read an iTXt chunk after its keyword: compressed?, method, language, translated keyword, text. */
async function international(rest: Uint8Array): Promise<string> {
  const afterLanguage = rest.indexOf(0, 2) + 1;
  const start = rest.indexOf(0, afterLanguage) + 1;
  if (!afterLanguage || !start) throw new RangeError("A text of the picture is damaged.");
  const text = rest.subarray(start);
  return utf8.decode(rest[0] ? await inflate(text) : text);
}

async function inflate(packed: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([packed.slice()]).stream().pipeThrough(new DecompressionStream("deflate"));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for (const reader = stream.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > LARGEST) throw new RangeError("The text is too large.");
      parts.push(value);
    }
  } catch (fault) {
    throw new RangeError("A text of the picture is damaged.", { cause: fault });
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
