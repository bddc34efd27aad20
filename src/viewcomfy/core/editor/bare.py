"""A bare file is one without the workflow that ComfyUI wrote into it: what carried it is overwritten, and the length stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

from viewcomfy.core.editor.bare_ogg import ogg_overwrites
from viewcomfy.core.editor.byte_source import LARGEST_TEXT, MOST_PARTS, ByteSource, is_wanted
from viewcomfy.core.editor.carried_matroska import SEGMENT, TAGS, Element, elements
from viewcomfy.core.editor.carried_matroska import SIGNATURE as MATROSKA
from viewcomfy.core.editor.carried_mp4 import FIRST_BOXES, Box, boxes
from viewcomfy.core.overwriting import Overwrite

_NO_EXIF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
"""EXIF data without an entry."""
_EXIF = b"Exif\0\0"
_COMMENTS, _PADDING = 4, 1
"""FLAC's numbers for blocks of comments and of nothing."""
_ID3_HEAD = 10
_ABOUT = frozenset({b"udta", b"meta"})
"""MP4's boxes for what is told of a file: players do without."""
_VOID = 0xEC
_GLTF_HEAD = 20

Finder = Callable[[ByteSource], Iterator[Overwrite]]


def overwrites(file: BinaryIO) -> list[Overwrite]:
    """Return what to overwrite so that a file, open and seekable, carries no workflow; nothing for a kind that is not known.

    Of PNGs it says nothing: they get shorter, see `TextRemover`.
    """
    source = ByteSource(file)
    head = source.at(0, 4096)
    finder = next((finder for fits, finder in _KINDS if fits(head)), None)
    return [one for one in finder(source) if one.end <= source.size] if finder else []


def _webp(source: ByteSource) -> Iterator[Overwrite]:
    place = 12
    for _ in range(MOST_PARTS):
        head = source.at(place, 8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"EXIF":
            yield _filled(place + 8, min(place + 8 + length, source.size), _NO_EXIF)
        place += 8 + length + length % 2


def _jpeg(source: ByteSource) -> Iterator[Overwrite]:
    place = 2
    for _ in range(MOST_PARTS):
        head = source.at(place, 4 + len(_EXIF))
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xDA, 0xD9):
            return
        end = place + 2 + max(int.from_bytes(head[2:4], "big"), 2)
        if head[1] == 0xE1 and head[4:] == _EXIF:
            yield _filled(place + 4 + len(_EXIF), min(end, source.size), _NO_EXIF)
        elif head[1] == 0xFE:
            yield _filled(place + 4, min(end, source.size))
        place = end


def _mp4(source: ByteSource) -> Iterator[Overwrite]:
    outer = list(boxes(source, 0, source.size))
    films = [box for box in outer if box.kind == b"moov"]
    inner = chain.from_iterable(boxes(source, film.start, film.end) for film in films)
    for box in [*inner, *(outer if films else ())]:  # without a film in it, as a picture in AVIF, `meta` is what it consists of
        if box.kind in _ABOUT:
            yield from _freed(box)


def _freed(box: Box) -> Iterator[Overwrite]:
    yield Overwrite(box.begin + 4, b"free")
    yield Overwrite(box.start, zeros=max(0, box.end - box.start))


def _matroska(source: ByteSource) -> Iterator[Overwrite]:
    for segment in elements(source, 0, source.size):
        if segment.kind == SEGMENT:
            yield from (_void(inner) for inner in elements(source, segment.start, segment.end) if inner.kind == TAGS)


def _void(element: Element) -> Overwrite:
    """Make an element that means nothing, of the same length; the checksum inside goes with it."""
    left = element.end - element.begin - 9
    if left < 0:
        return _filled(element.begin, element.end, bytes((_VOID, 0x80 | max(0, left + 7))))
    return _filled(element.begin, element.end, bytes((_VOID, 1)) + left.to_bytes(7, "big"))


def _flac(source: ByteSource) -> Iterator[Overwrite]:
    place = 4
    for _ in range(MOST_PARTS):
        head = source.at(place, 4)
        if len(head) < 4:
            return
        end = place + 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == _COMMENTS:
            yield Overwrite(place, bytes((head[0] & 0x80 | _PADDING,)))
            yield _filled(place + 4, min(end, source.size))
        if head[0] & 0x80:
            return
        place = end


def _mp3(source: ByteSource) -> Iterator[Overwrite]:
    head = source.at(0, _ID3_HEAD)
    length = 0
    for byte in head[6:]:
        length = length << 7 | byte & 0x7F
    yield Overwrite(5, b"\0")  # nothing that follows is in any way special: it is padding
    yield _filled(_ID3_HEAD, min(_ID3_HEAD + length, source.size))


def _gltf(source: ByteSource) -> Iterator[Overwrite]:
    head = source.at(0, _GLTF_HEAD)
    length = int.from_bytes(head[12:16], "little")
    if head[16:20] == b"JSON":
        yield from _json_without(source, _GLTF_HEAD, length, ("asset", "extras"))


def _safetensors(source: ByteSource) -> Iterator[Overwrite]:
    yield from _json_without(source, 8, int.from_bytes(source.at(0, 8), "little"), ("__metadata__",))


def _json_without(source: ByteSource, start: int, length: int, path: tuple[str, ...]) -> Iterator[Overwrite]:
    """Yield an object of JSON without the texts that it has at a path, filled up with spaces, as both formats allow."""
    if not 0 < length <= LARGEST_TEXT:
        return
    try:
        value = json.loads(source.at(start, length))
    except (ValueError, RecursionError):
        return
    found: Any = value
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    wanted = [name for name in found if is_wanted(name)] if isinstance(found, dict) else []
    for name in wanted:
        del found[name]
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
    if wanted and len(text) <= length:
        yield Overwrite(start, text.ljust(length))


def _svg(source: ByteSource) -> Iterator[Overwrite]:
    data = source.at(0, LARGEST_TEXT)
    begin = data.find(b">", data.find(b"<metadata")) + 1 if b"<metadata" in data else 0
    end = data.find(b"</metadata", begin)
    if 0 < begin < end:
        yield Overwrite(begin, b" " * (end - begin))


def _filled(start: int, end: int, data: bytes = b"") -> Overwrite:
    """Overwrite what is between two places: with data, as far as there is room for it, then with zeros."""
    room = max(0, end - start)
    data = data if len(data) <= room else b""
    return Overwrite(start, data, room - len(data))


_KINDS: tuple[tuple[Callable[[bytes], bool], Finder], ...] = (
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp),
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda head: head[4:8] in FIRST_BOXES, _mp4),
    (lambda head: head.startswith(MATROSKA), _matroska),
    (lambda head: head.startswith(b"fLaC"), _flac),
    (lambda head: head.startswith(b"OggS"), ogg_overwrites),
    (lambda head: head.startswith(b"ID3"), _mp3),
    (lambda head: head.startswith(b"glTF"), _gltf),
    (lambda head: head.lstrip()[:1] == b"<" and b"<svg" in head, _svg),
    (lambda head: head[4:9] == b"\0\0\0\0{", _safetensors),
)
