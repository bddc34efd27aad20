"""The texts of pictures whose format has room for EXIF alone, as WebP and JPEG: ComfyUI writes `prompt:{…}` into tags of a camera's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from viewcomfy.core.editor.byte_source import LARGEST_TEXT, MOST_PARTS, ByteSource, Text, as_text, is_wanted

_PREFIX = b"Exif\0\0"
_MOST_ENTRIES = 1000
_TEXT_TYPES = frozenset({1, 2, 7})
"""EXIF's numbers for bytes, text, and what it leaves undefined."""
_ENTRY = 12
_LONGEST_NAME = 32


def webp_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts of a WebP's EXIF that may hold a workflow."""
    place = len(b"RIFFsizeWEBP")
    for _ in range(MOST_PARTS):
        head = source.at(place, 8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"EXIF" and length <= LARGEST_TEXT:
            yield from exif_texts(source.at(place + 8, length))
        place += 8 + length + length % 2


def jpeg_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts of a JPEG's EXIF, and of its comments, that may hold a workflow."""
    place = 2
    for _ in range(MOST_PARTS):
        head = source.at(place, 4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xDA, 0xD9):  # the picture begins, or ends
            return
        length = int.from_bytes(head[2:], "big")
        if head[1] == 0xE1:
            yield from exif_texts(source.at(place + 4, length - 2), prefixed=True)
        elif head[1] == 0xFE:
            yield from _named(source.at(place + 4, length - 2))
        place += 2 + max(length, 2)


def exif_texts(data: bytes, *, prefixed: bool = False) -> Iterator[Text]:
    """Yield the texts of EXIF data that may hold a workflow; `prefixed`: what does not say that it is EXIF is something else."""
    if prefixed and not data.startswith(_PREFIX):
        return
    data = data.removeprefix(_PREFIX)
    if data[:2] in (b"II", b"MM"):
        for value in _entries(data, "little" if data[:1] == b"I" else "big"):
            yield from _named(value)


def _entries(data: bytes, order: Literal["little", "big"]) -> Iterator[bytes]:
    def number(start: int, length: int) -> int:
        return int.from_bytes(data[start : start + length], order)

    first = number(4, 4)
    for place in range(first + 2, first + 2 + _ENTRY * min(number(first, 2), _MOST_ENTRIES), _ENTRY):
        length = number(place + 4, 4)
        if number(place + 2, 2) in _TEXT_TYPES and 4 < length <= LARGEST_TEXT:
            start = number(place + 8, 4)
            if _may_be_named(data[start : start + _LONGEST_NAME]):
                yield data[start : start + length]


def _may_be_named(beginning: bytes) -> bool:
    return beginning[:1] == b"{" or is_wanted(beginning.partition(b":")[0].decode("latin-1"))


def _named(value: bytes) -> Iterator[Text]:
    """Yield the text of `prompt:{…}` under that name, and one that is JSON by itself as a comment."""
    name, _, text = value.partition(b":")
    if value[:1] == b"{":
        yield Text("comment", as_text(value))
    elif is_wanted(name.decode("latin-1")):
        yield Text(name.decode("latin-1"), as_text(text))
