"""The texts of a PNG: ComfyUI writes them before the picture (tEXt), and for an animated one after it (a chunk of its own, comf)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from viewcomfy.core.editor.byte_source import LARGEST_TEXT, MOST_PARTS, ByteSource, Text, as_text, is_wanted
from viewcomfy.core.editor.carried_exif import exif_texts

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"comf"})
_EXIF = b"eXIf"


def png_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts that may hold a workflow, in their order."""
    place = len(SIGNATURE)
    for _ in range(MOST_PARTS):
        head = source.at(place, 8)
        if len(head) < 8:
            return
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if length <= LARGEST_TEXT and kind in _TEXTS:
            yield from _text(kind, source.at(place + 8, length))
        elif length <= LARGEST_TEXT and kind == _EXIF:
            yield from exif_texts(source.at(place + 8, length))
        place += 12 + length


def _text(kind: bytes, data: bytes) -> Iterator[Text]:
    keyword, _, rest = data.partition(b"\0")
    name = keyword.decode("latin-1")
    if not is_wanted(name):
        return
    if kind == b"zTXt":
        rest = _inflated(rest[1:])
    elif kind == b"iTXt":
        rest = _international(rest)
    yield Text(name, as_text(rest))


def _international(rest: bytes) -> bytes:
    """Return the text of an iTXt chunk, which follows two bytes on its compression, a language, and its name in that language."""
    _, _, after_language = rest[2:].partition(b"\0")
    _, _, text = after_language.partition(b"\0")
    return _inflated(text) if rest[:1] == b"\1" else text


def _inflated(data: bytes) -> bytes:
    """Return unpacked text; none where it is damaged, or would be too large."""
    try:
        text = zlib.decompressobj().decompress(data, LARGEST_TEXT + 1)
    except zlib.error:
        return b""
    return text if len(text) <= LARGEST_TEXT else b""
