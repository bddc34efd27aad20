"""Files that carry texts, made as the libraries that ComfyUI uses make them: pictures by Pillow, other formats by hand."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

Texts = Mapping[str, str]


def png(texts: Texts, *, compressed: bool = False, international: bool = False) -> bytes:
    """As SaveImage does; the options as other programs do."""
    info = PngInfo()
    for name, text in texts.items():
        if international:
            info.add_itxt(name, text, lang="en", zip=compressed)
        else:
            info.add_text(name, text, zip=compressed)
    return picture("PNG", pnginfo=info)


def animated_png(texts: Texts) -> bytes:
    """As SaveAnimatedPNG does: after the picture."""
    info = PngInfo()
    for name, text in texts.items():
        info.add(b"comf", name.encode() + b"\0" + text.encode("latin-1"), after_idat=True)
    return picture("PNG", pnginfo=info, save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])


def webp(texts: Texts) -> bytes:
    """As SaveAnimatedWEBP does."""
    return picture("WEBP", exif=exif(texts))


def jpeg(texts: Texts) -> bytes:
    return picture("JPEG", exif=exif(texts))


def picture(kind: str, **options: Any) -> bytes:
    out = BytesIO()
    Image.effect_noise((8, 8), 50).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def exif(texts: Texts) -> Image.Exif:
    made = Image.Exif()
    for tag, (name, text) in zip((0x0110, 0x010F, 0x010E), texts.items(), strict=False):
        made[tag] = f"{name}:{text}"
    return made


def mp4(texts: Texts, *, media: int = 64, large: bool = False) -> bytes:
    """As SaveVideo does: with names of one's own (libav's use_metadata_tags)."""
    keys = b"".join(box(b"mdta", name.encode()) for name in texts)
    items = b"".join(
        box(struct.pack(">I", number), box(b"data", bytes((0, 0, 0, 1, 0, 0, 0, 0)) + text.encode()))
        for number, text in enumerate(texts.values(), 1)
    )
    inner = box(b"hdlr", bytes(25)) + box(b"keys", struct.pack(">II", 0, len(texts)) + keys) + box(b"ilst", items)
    moov = box(b"moov", box(b"mvhd", bytes(100)) + box(b"udta", box(b"meta", bytes(4) + inner)))
    data = struct.pack(">I4sQ", 1, b"mdat", 16 + media) + bytes(media) if large else box(b"mdat", bytes(media))
    return box(b"ftyp", b"isom\0\0\2\0isomiso2") + data + moov


def mp4_comment(text: str) -> bytes:
    """As libav does without names of one's own."""
    item = box(b"\xa9cmt", box(b"data", bytes((0, 0, 0, 1, 0, 0, 0, 0)) + text.encode()))
    return box(b"ftyp", b"isom\0\0\2\0") + box(b"moov", box(b"udta", box(b"meta", bytes(4) + box(b"ilst", item))))


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def webm(texts: Texts, *, is_live: bool = False) -> bytes:
    """As SaveWEBM does: libav writes the names in capitals. A live one does not know its own length."""
    tags = b"".join(
        element(0x7373, element(0x63C0, b"") + element(0x67C8, element(0x45A3, name.upper().encode()) + element(0x4487, text.encode())))
        for name, text in texts.items()
    )
    inner = element(0x114D9B74, bytes(30)) + element(0x1254C367, tags) + element(0x1F43B675, bytes(64))
    segment = b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + inner if is_live else element(0x18538067, inner)
    return element(0x1A45DFA3, b"\x42\x82\x84webm") + segment


def element(kind: int, content: bytes) -> bytes:
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + (1 << 56 | len(content)).to_bytes(8, "big") + content


def flac(texts: Texts) -> bytes:
    blocks = b"\0" + (34).to_bytes(3, "big") + bytes(34)
    comments = vorbis_comments(texts)
    return b"fLaC" + blocks + b"\x84" + len(comments).to_bytes(3, "big") + comments + b"\xff\xf8 sound"


def opus(texts: Texts) -> bytes:
    return ogg([b"OpusHead" + bytes(11), b"OpusTags" + vorbis_comments(texts), b"sound"])


def vorbis(texts: Texts) -> bytes:
    return ogg([b"\x01vorbis" + bytes(23), b"\x03vorbis" + vorbis_comments(texts) + b"\1", b"sound"])


def vorbis_comments(texts: Texts) -> bytes:
    each = [f"{name}={text}".encode() for name, text in {"encoder": "test", **texts}.items()]
    return struct.pack("<I4sI", 4, b"test", len(each)) + b"".join(struct.pack("<I", len(one)) + one for one in each)


def ogg(packets: list[bytes]) -> bytes:
    """Put each packet into pages of its own, at most ten segments each, with a page of another stream between them."""
    pages = []
    for packet in packets:
        lengths = [255] * (len(packet) // 255) + [len(packet) % 255]
        place = 0
        for start in range(0, len(lengths), 10):
            part = lengths[start : start + 10]
            pages += [page(b"mine", part, packet[place : place + sum(part)]), page(b"else", [7], b"nothing")]
            place += sum(part)
    return b"".join(pages)


def page(serial: bytes, lengths: list[int], data: bytes) -> bytes:
    return b"OggS\0\0" + bytes(8) + serial + bytes(8) + bytes((len(lengths), *lengths)) + data


def mp3(texts: Texts, *, version: int = 4, encoding: int = 3) -> bytes:
    codec = ("latin-1", "utf-16", "utf-16-be", "utf-8")[encoding]
    frames = b"".join(frame(bytes((encoding,)) + f"{name}\0{text}".encode(codec), version) for name, text in texts.items())
    return b"ID3" + bytes((version, 0, 0)) + syncsafe(len(frames) + 20) + frames + bytes(20) + b"\xff\xfb sound"


def frame(content: bytes, version: int) -> bytes:
    length = syncsafe(len(content)) if version == 4 else struct.pack(">I", len(content))
    return b"TXXX" + length + b"\0\0" + content


def syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def glb(texts: Texts) -> bytes:
    """As SaveGLB does."""
    content = json.dumps({"asset": {"version": "2.0", "extras": dict(texts)}}).encode()
    return struct.pack("<4sIII4s", b"glTF", 2, 20 + len(content), len(content), b"JSON") + content


def latent(texts: Texts) -> bytes:
    """As SaveLatent and the nodes that save models do."""
    header = json.dumps({"__metadata__": dict(texts), "t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


def svg(texts: Texts) -> bytes:
    """As SaveSVGNode does."""
    held = json.dumps({name: json.loads(text) for name, text in texts.items()}, indent=2)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n  <metadata>\n<![CDATA[\n{held}\n]]>\n</metadata><g/></svg>'.encode()


MAKERS: dict[str, Callable[[Texts], bytes]] = {
    "png": png, "animated png": animated_png, "webp": webp, "jpeg": jpeg, "mp4": mp4, "webm": webm, "flac": flac, "opus": opus,
    "vorbis": vorbis, "mp3": mp3, "glb": glb, "latent": latent, "svg": svg,
}  # fmt: skip
