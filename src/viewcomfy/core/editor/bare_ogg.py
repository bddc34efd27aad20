"""An Ogg file without its comments: they are in its second packet, whose pages each have a checksum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from viewcomfy.core.editor.byte_source import LARGEST_TEXT, MOST_PARTS, ByteSource
from viewcomfy.core.overwriting import Overwrite

_HEAD = 27
"""Bytes of a page before the lengths of its segments."""
_SUM = slice(22, 26)
_BEGINNINGS = ((b"OpusTags", b""), (b"\x03vorbis", b"\1"), (b"\x84", b""), (b"\x04", b""))
"""How a packet with comments begins, in Opus, Vorbis and FLAC, and what must stand after them."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page, and where in it the packet's pieces are."""

    place: int
    data: bytearray
    pieces: list[slice]


def ogg_overwrites(source: ByteSource) -> Iterator[Overwrite]:
    """Yield the pages of the comments, without them."""
    pages = list(_pages(source))
    packet = b"".join(bytes(page.data[piece]) for page in pages for piece in page.pieces)
    emptied, place = _emptied(packet), 0
    for page in pages if emptied else ():
        for piece in page.pieces:
            length = piece.stop - piece.start
            page.data[piece] = emptied[place : place + length]
            place += length
        page.data[_SUM] = bytes(4)
        page.data[_SUM] = checksum(page.data).to_bytes(4, "little")
        yield Overwrite(page.place, bytes(page.data))


def _pages(source: ByteSource) -> Iterator[_Page]:
    """Yield the pages that have a part of the second packet of the first stream."""
    place, serial, ended, size = 0, source.at(14, 4), 0, 0
    for _ in range(MOST_PARTS):
        head = source.at(place, _HEAD + 255)
        if len(head) < _HEAD or head[:4] != b"OggS" or ended > 1 or size > LARGEST_TEXT:
            return
        lengths = head[_HEAD : _HEAD + head[26]]
        whole = _HEAD + len(lengths) + sum(lengths)
        if head[14:18] == serial:
            pieces, ended = _pieces(lengths, ended)
            size += sum(piece.stop - piece.start for piece in pieces)
            data = bytearray(source.at(place, whole))
            if pieces and len(data) == whole:
                yield _Page(place, data, pieces)
        place += whole


def _pieces(lengths: bytes, ended: int) -> tuple[list[slice], int]:
    """Return where the second packet's segments are in a page, and how many packets have ended with it."""
    found: list[slice] = []
    place = _HEAD + len(lengths)
    for length in lengths:
        if ended == 1:
            found.append(slice(place, place + length))
        place += length
        ended += length < 255
    return found, ended


def _emptied(packet: bytes) -> bytes:
    """Return a packet of the same length that names its maker and has no comments; nothing where it is none of comments."""
    for beginning, after in _BEGINNINGS:
        if packet.startswith(beginning):
            start = 4 if len(beginning) == 1 else len(beginning)  # FLAC's own block has a length there
            maker = 4 + int.from_bytes(packet[start : start + 4], "little")
            kept = packet[: start + maker] + bytes(4) + after
            return kept.ljust(len(packet), b"\0") if len(kept) <= len(packet) else b""
    return b""


def checksum(data: bytes | bytearray) -> int:
    """Return Ogg's checksum of a page whose own is zero."""
    value = 0
    for byte in data:
        value = value << 8 & 0xFFFFFFFF ^ _TABLE[value >> 24 ^ byte]
    return value


def _entry(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_TABLE = tuple(map(_entry, range(256)))
