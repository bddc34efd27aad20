import type { Input } from "~/api/types";

const RATE = 8000;

/** Return a small file of this kind, so that a call can be tried at once; null where one can't be made here. */
export async function sampleFile(kind: Input["kind"]): Promise<Blob | null> {
  if (kind === "audio") return new Blob([tone()], { type: "audio/wav" });
  return kind === "image" ? picture() : null;
}

/** Return a second of a tone as a WAV of 16 bits. */
function tone(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44 + RATE * 2);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, RATE * 2, true);
  for (let at = 0; at < RATE; at++) view.setInt16(44 + at * 2, 8000 * Math.sin((2 * Math.PI * 440 * at) / RATE), true);
  return bytes;
}

/** Return hills under a sun. */
function picture(): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 512;
  const brush = canvas.getContext("2d");
  if (!brush) return Promise.resolve(null);
  const disc = (colour: string, x: number, y: number, radius: number) => {
    brush.fillStyle = colour;
    brush.beginPath();
    brush.arc(x, y, radius, 0, 2 * Math.PI);
    brush.fill();
  };
  brush.fillStyle = "#bcd9ff";
  brush.fillRect(0, 0, 512, 512);
  disc("#ffd43b", 380, 130, 56);
  disc("#69a86b", 120, 640, 300);
  disc("#3f7d4e", 420, 700, 320);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
