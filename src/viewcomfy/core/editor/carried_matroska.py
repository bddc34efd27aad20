"""The texts of a WebM or Matroska file: elements in elements, Segment → Tags → Tag → SimpleTag with a name and a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from viewcomfy.core.editor.byte_source import LARGEST_TEXT, MOST_PARTS, ByteSource, Text, as_text, is_wanted

SIGNATURE = b"\x1a\x45\xdf\xa3"
SEGMENT, TAGS = 0x18538067, 0x1254C367
_TAG, _SIMPLE, _NAME, _STRING = 0x7373, 0x67C8, 0x45A3, 0x4487


class Element(NamedTuple):
    """One element: its content is between `start` and `end`, its own head begins at `begin`."""

    kind: int
    start: int
    end: int
    begin: int


def matroska_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts that may hold a workflow."""
    for segment in elements(source, 0, source.size):
        if segment.kind != SEGMENT:
            continue
        for tags in elements(source, segment.start, segment.end):
            if tags.kind == TAGS:
                yield from _texts(source, tags)


def _texts(source: ByteSource, tags: Element) -> Iterator[Text]:
    for tag in elements(source, tags.start, tags.end):
        if tag.kind != _TAG:
            continue
        for simple in elements(source, tag.start, tag.end):
            if simple.kind == _SIMPLE:
                yield from _text(source, simple)


def _text(source: ByteSource, simple: Element) -> Iterator[Text]:
    name, text = "", None
    for part in elements(source, simple.start, simple.end):
        if part.kind == _NAME:
            name = as_text(source.at(part.start, min(part.end - part.start, 80)))
        elif part.kind == _STRING:
            text = part
    if text is not None and is_wanted(name) and text.end - text.start <= LARGEST_TEXT:
        yield Text(name, as_text(source.at(text.start, text.end - text.start)))


def elements(source: ByteSource, start: int, end: int) -> Iterator[Element]:
    """Yield the elements between two places."""
    for _ in range(MOST_PARTS):
        head = source.at(start, 12)
        if start >= end or not head:
            return
        kind, after_kind = _number(head, keep_mark=True)
        length, after_length = _number(head[after_kind:])
        if not after_kind or not after_length:
            return
        content = start + after_kind + after_length
        is_open = length == (1 << 7 * after_length) - 1  # the length was not known when it was written: all the rest
        begin, start = start, end if is_open else content + length
        yield Element(kind, content, min(start, end), begin)


def _number(data: bytes, *, keep_mark: bool = False) -> tuple[int, int]:
    """Return a number and how many bytes it takes: the first bit that is set says how many. 0 bytes where there is none."""
    length = 9 - data[0].bit_length() if data and data[0] else 0
    if not length or length > len(data):
        return 0, 0
    value = int.from_bytes(data[:length], "big")
    return (value if keep_mark else value & ((1 << 7 * length) - 1)), length
