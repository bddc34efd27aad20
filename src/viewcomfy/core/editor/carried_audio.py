"""The texts of FLAC, Ogg (Opus, Vorbis) and MP3 files."""

from __future__ import annotations

from collections.abc import Iterator

from viewcomfy.core.editor.byte_source import LARGEST_TEXT, MOST_PARTS, ByteSource, Text, as_text, is_wanted

_COMMENTS = 4
"""FLAC's number for a block of comments."""
_PAGE = 27
"""Bytes of an Ogg page before the lengths of its segments."""
_CONTINUED = 255
"""The length of a segment that is not the last one of its packet."""
_COMMENT_PACKETS = ((b"OpusTags", 8), (b"\x03vorbis", 7), (b"\x84", 4), (b"\x04", 4))
"""How a packet with comments begins, in Opus, Vorbis and FLAC, and how many bytes there are before them."""
_ENCODINGS = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}


def flac_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts of a FLAC file that may hold a workflow."""
    place = 4
    for _ in range(MOST_PARTS):
        head = source.at(place, 4)
        if len(head) < 4:
            return
        length = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == _COMMENTS:
            yield from _comments(source.at(place + 4, length))
        if head[0] & 0x80:  # the last one
            return
        place += 4 + length


def ogg_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts of an Ogg file that may hold a workflow: they are in the second packet of its first stream."""
    packet = _second_packet(source)
    for beginning, before in _COMMENT_PACKETS:
        if packet.startswith(beginning):
            yield from _comments(packet[before:])
            return


def _second_packet(source: ByteSource) -> bytes:
    place, serial, ended, packet = 0, source.at(14, 4), 0, bytearray()
    for _ in range(MOST_PARTS):
        head = source.at(place, _PAGE + 255)
        if len(head) < _PAGE or head[:4] != b"OggS":
            break
        lengths = head[_PAGE : _PAGE + head[26]]
        place += _PAGE + head[26]
        for length in lengths if head[14:18] == serial else ():
            if ended == 1:
                packet += source.at(place, length)
            place += length
            ended += length < _CONTINUED
            if ended == 2 or len(packet) > LARGEST_TEXT:
                return bytes(packet)
        place += 0 if head[14:18] == serial else sum(lengths)
    return bytes(packet)


def _comments(data: bytes) -> Iterator[Text]:
    """Read Vorbis' list of comments: who wrote it, how many there are, and `name=text` each with its length before it."""

    def number(start: int) -> int:
        return int.from_bytes(data[start : start + 4], "little")

    place = 4 + number(0)
    count, place = number(place), place + 4
    for _ in range(min(count, MOST_PARTS)):
        if place + 4 > len(data):
            return
        length, place = number(place), place + 4
        name = data[place : place + 80].partition(b"=")[0]
        if is_wanted(name.decode("latin-1")):
            yield Text(name.decode("latin-1"), as_text(data[place + len(name) + 1 : place + length]))
        place += length


def mp3_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts of an MP3's ID3 tag (2.3 or 2.4) that may hold a workflow."""
    head = source.at(0, 10)
    if len(head) < 10 or head[3] not in (3, 4):
        return
    data = source.at(10, _syncsafe(head[6:10]))
    if head[5] & 0x80:
        data = data.replace(b"\xff\0", b"\xff")
    place = 0
    if head[5] & 0x40 and len(data) >= 4:  # an extended header, whose own length 2.4 counts in
        place = _syncsafe(data[:4]) if head[3] == 4 else 4 + int.from_bytes(data[:4], "big")
    for _ in range(MOST_PARTS):
        frame = data[place : place + 10]
        if len(frame) < 10 or not frame[0]:  # what follows is padding
            return
        length = _syncsafe(frame[4:8]) if head[3] == 4 else int.from_bytes(frame[4:8], "big")
        if frame[:4] == b"TXXX":
            yield from _frame(data[place + 10 : place + 10 + length])
        place += 10 + length


def _frame(data: bytes) -> Iterator[Text]:
    text = data[1:].decode(_ENCODINGS.get(data[0] if data else 0, "latin-1"), "replace")
    name, _, value = text.partition("\0")
    if is_wanted(name):
        yield Text(name, value.rstrip("\0").removeprefix("\ufeff"))


def _syncsafe(data: bytes) -> int:
    """Return a number that is written in seven bits of each byte."""
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value
