"""The texts of an MP4 or QuickTime file: boxes in boxes, moov → udta → meta, which lists names (keys) and values (ilst)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from viewcomfy.core.editor.byte_source import LARGEST_TEXT, MOST_PARTS, ByteSource, Text, as_text, is_wanted

FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
"""What such a file can begin with, from its fifth byte on."""
_COMMENT = b"\xa9cmt"
_KEYS_HEAD = 8
"""Bytes before the names: a version and their count. Each name has as many: its length and whose it is."""


class Box(NamedTuple):
    """One box: its content is between `start` and `end`, its own head begins at `begin`."""

    kind: bytes
    start: int
    end: int
    begin: int


def mp4_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts that may hold a workflow."""
    for box in boxes(source, 0, source.size):
        if box.kind == b"moov":
            for inner in boxes(source, box.start, box.end):
                yield from _told(source, inner)
        else:
            yield from _told(source, box)


def _told(source: ByteSource, box: Box) -> Iterator[Text]:
    if box.kind == b"udta":
        for inner in boxes(source, box.start, box.end):
            if inner.kind == b"meta":
                yield from _meta(source, inner)
            elif inner.kind == _COMMENT:  # QuickTime's own way: a length and a language, then the text
                yield from _text(source, "comment", inner.start + 4, inner.end)
    elif box.kind == b"meta":
        yield from _meta(source, box)


def _meta(source: ByteSource, meta: Box) -> Iterator[Text]:
    start = meta.start if source.at(meta.start + 4, 4) == b"hdlr" else meta.start + 4  # QuickTime has no version there
    inner = {box.kind: box for box in boxes(source, start, meta.end)}
    names = _names(source, inner[b"keys"]) if b"keys" in inner else {}
    if b"ilst" not in inner:
        return
    for item in boxes(source, inner[b"ilst"].start, inner[b"ilst"].end):
        name = "comment" if item.kind == _COMMENT else names.get(int.from_bytes(item.kind, "big"), "")
        if is_wanted(name):
            data = next((box for box in boxes(source, item.start, item.end) if box.kind == b"data"), None)
            if data is not None:  # a type and a language, then the text
                yield from _text(source, name, data.start + 8, data.end)


def _names(source: ByteSource, keys: Box) -> dict[int, str]:
    """Return the names by their numbers, from 1."""
    names: dict[int, str] = {}
    place = keys.start + _KEYS_HEAD
    for number in range(1, min(source.number(keys.start + 4), MOST_PARTS) + 1):
        length = source.number(place)
        if length < _KEYS_HEAD or place + length > keys.end:
            break
        if length <= _KEYS_HEAD + 80:
            names[number] = as_text(source.at(place + 8, length - 8)).rpartition(".")[2]
        place += length
    return names


def _text(source: ByteSource, name: str, start: int, end: int) -> Iterator[Text]:
    if 0 < end - start <= LARGEST_TEXT:
        yield Text(name, as_text(source.at(start, end - start)))


def boxes(source: ByteSource, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two places."""
    for _ in range(MOST_PARTS):
        head = source.at(start, 16)
        if start + 8 > end or len(head) < 8:
            return
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == 1:  # the next eight bytes say it
            length, header = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:  # all the rest
            length = end - start
        if length < header:
            return
        yield Box(head[4:8], start + header, min(start + length, end), start)
        start += length
