"""A sniff tells a file's content type by its first bytes: the name and what the sender says are not believed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

UNKNOWN = "application/octet-stream"
"""What to call a file that shows no type."""
HEAD = 4096
"""How many bytes are looked at."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"8BPS\0", "image/vnd.adobe.photoshop"),
    (b"v/1\x01", "image/x-exr"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"#?RADIANCE\n", "image/vnd.radiance"),
    (b"fLaC", "audio/flac"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"glTF\x02\0\0\0", "model/gltf-binary"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
)
_CONTAINERS = {  # (the first four bytes, the four from the eighth on)
    (b"RIFF", b"WEBP"): "image/webp",
    (b"RIFF", b"WAVE"): "audio/wav",
    (b"RF64", b"WAVE"): "audio/wav",
    (b"RIFF", b"AVI "): "video/x-msvideo",
    (b"FORM", b"AIFF"): "audio/aiff",
    (b"FORM", b"AIFC"): "audio/aiff",
}
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heic"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}
_SHARED_BRANDS = (b"mif1", b"mif2", b"msf1", b"miaf")
"""Brands of the picture container: the compatible brands tell which kind of picture is in it."""
_QUICKTIME = (b"moov", b"mdat", b"wide", b"pnot")
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_LARGEST_HEADER = 100_000_000
"""Bytes of JSON that a safetensors file may begin with: the format's own limit."""

_PROLOG = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>|<!doctype[^>]*>)*", re.DOTALL)
_TAG = re.compile(r"<([a-z][a-z0-9]*)[\s/>]")
_HTML_TAGS = frozenset(
    ("html", "head", "body", "title", "script", "style", "iframe", "h1", "h2", "div", "font", "table", "a", "b", "br", "p", "link", "meta")
)  # fmt: skip
_JSON_START = re.compile(r'\{\s*(?:"|\}|$)|\[\s*(?:["\[\]{\d-]|true|false|null|$)')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(path: Path) -> str | None:
    """Return the content type that a file's bytes show, None where they show none. It blocks, for some 20 µs."""
    with path.open("rb", buffering=0) as file:
        head = file.read(HEAD)
        size = file.seek(0, 2) if len(head) == HEAD else len(head)
    return next((found for look in _LOOKS if (found := look(head, size))), None)


def _magic(head: bytes, _: int) -> str | None:
    return next((found for magic, found in _MAGIC if head.startswith(magic)), None)


def _container(head: bytes, _: int) -> str | None:
    return _CONTAINERS.get((head[:4], head[8:12]))


def _iso_media(head: bytes, _: int) -> str | None:
    """Tell the MP4 family apart, of which HEIC, AVIF and M4A are members, by the brands that a file names."""
    if head[4:8] in _QUICKTIME:  # as cameras wrote it before there were brands
        return "video/quicktime"
    if head[4:8] != b"ftyp":
        return None
    major, end = head[8:12], int.from_bytes(head[:4], "big")
    if major in _SHARED_BRANDS:
        compatible = (head[at : at + 4] for at in range(16, min(end, len(head)), 4))
        return next((_BRANDS[brand] for brand in compatible if brand in _BRANDS), "image/heif")
    return _BRANDS.get(major, "video/3gpp" if major.startswith(b"3g") else "video/mp4")


def _matroska(head: bytes, _: int) -> str | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return "video/webm" if b"\x42\x82\x84webm" in head[:64] else "video/x-matroska"


def _ogg(head: bytes, _: int) -> str | None:
    if not head.startswith(b"OggS\0"):
        return None
    return "video/ogg" if b"\x80theora" in head[:64] else "audio/ogg"


def _bitmap(head: bytes, _: int) -> str | None:
    """Tell a BMP from a text that begins with the same two letters."""
    return "image/bmp" if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS else None


def _mpeg(head: bytes, _: int) -> str | None:
    if head.startswith(b"ID3") and head[3:4] in (b"\2", b"\3", b"\4"):
        return "audio/mpeg"
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return "video/mp2t"
    return _mpeg_audio_frame(head[:4])


def _mpeg_audio_frame(head: bytes) -> str | None:
    """Read the header of a frame: eleven bits that are set, the version, the layer, the bit rate and the sample rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer, bitrate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if layer == 0 and version >= 2 and head[2] >> 2 & 15 <= 12:
        return "audio/aac"
    return "audio/mpeg" if version != 1 and layer in (1, 2) and bitrate not in (0, 15) and rate != 3 else None


def _safetensors(head: bytes, size: int) -> str | None:
    length = int.from_bytes(head[:8], "little")
    fits = 2 <= length <= min(_LARGEST_HEADER, size - 8)
    return "application/x-safetensors" if fits and re.match(rb'\{\s*["}]', head[8:]) else None


def _text(head: bytes, size: int) -> str | None:
    if not head:
        return None
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16 and its mark
        return "text/plain"
    try:
        text = (head if size <= HEAD else _whole_characters(head)).decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if _CONTROL.search(text):
        return None
    if text.lstrip().startswith("<"):
        return _markup(text.lower())
    return "application/json" if _is_json(text.strip(), whole=size <= HEAD) else "text/plain"


def _whole_characters(head: bytes) -> bytes:
    """Leave out a last character that the end of the head has cut."""
    for back in range(1, 4):
        if head[-back] & 0xC0 != 0x80:  # where the last character begins
            return head[:-back]
    return head


def _markup(text: str) -> str:
    prolog = _PROLOG.match(text)
    end = prolog.end() if prolog else 0
    tag = _TAG.match(text, end)
    name = tag[1] if tag else ""
    if name == "svg":
        return "image/svg+xml"
    if name in _HTML_TAGS or "<!doctype html" in text[:end]:
        return "text/html"
    if text.lstrip().startswith("<?xml"):
        return "application/xml"
    return "text/html" if text.lstrip().startswith("<!--") else "text/plain"


def _is_json(text: str, *, whole: bool) -> bool:
    if not _JSON_START.match(text):
        return False
    if not whole:
        return True
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


_LOOKS: tuple[Callable[[bytes, int], str | None], ...] = (
    _magic,
    _container,
    _iso_media,
    _matroska,
    _ogg,
    _bitmap,
    _mpeg,
    _safetensors,
    _text,
)
