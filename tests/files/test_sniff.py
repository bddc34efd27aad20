"""Content types by content, on files as programs write them."""

from __future__ import annotations

import io
import json
import struct
import wave
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from viewcomfy.files.sniff import HEAD, sniff


def picture(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(file, kind, **options)
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(800))
    return file.getvalue()


def zipped(names: list[str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name in names:
            out.writestr(name, "x")
    return file.getvalue()


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    box = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(box) + 4) + box + struct.pack(">I", 8) + b"free"


def safetensors(header: object) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(4)


def shown(folder: Path, content: bytes | str) -> str | None:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return sniff(path)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("AVIF", "image/avif"),
        ("JPEG2000", "image/jp2"),
        ("ICO", "image/x-icon"),
        ("PDF", "application/pdf"),
    ],
)
def test_pictures_are_known(tmp_path: Path, kind: str, expected: str) -> None:
    assert shown(tmp_path, picture(kind)) == expected


def test_moving_and_lossless_pictures_are_known(tmp_path: Path) -> None:
    assert shown(tmp_path, picture("WEBP", lossless=True)) == "image/webp"
    assert shown(tmp_path, picture("AVIF", save_all=True, append_images=[Image.new("RGB", (64, 64))])) == "image/avif"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ftyp(b"isom", b"isom", b"avc1"), "video/mp4"),
        (ftyp(b"mp42"), "video/mp4"),
        (ftyp(b"qt  "), "video/quicktime"),
        (ftyp(b"M4A ", b"isom"), "audio/mp4"),
        (ftyp(b"heic", b"mif1"), "image/heic"),
        (ftyp(b"mif1", b"miaf", b"heic"), "image/heic"),
        (ftyp(b"mif1", b"avif"), "image/avif"),
        (ftyp(b"mif1"), "image/heif"),
        (ftyp(b"3gp5"), "video/3gpp"),
        (struct.pack(">I", 8) + b"wide" + bytes(8), "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webmB\x87\x81\x02", "video/webm"),
        (b"\x1a\x45\xdf\xa3\xa3B\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\x00\x01\x00\x00AVI LIST", "video/x-msvideo"),
        (b"\0\0\x01\xbaD\0", "video/mpeg"),
        ((b"G" + bytes(187)) * 4, "video/mp2t"),
        (b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead", "audio/ogg"),
        (b"OggS\0\2" + bytes(20) + b"\1\x2a\x80theora", "video/ogg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"ID3\4\0\0\0\0\0#TSSE", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + bytes(400), "audio/mpeg"),
        (b"\xff\xf3\x44\xc4" + bytes(400), "audio/mpeg"),
        (b"\xff\xf1\x4c\x40\x02\x1f\xfc", "audio/aac"),
        (b"FORM\0\0\1\0AIFFCOMM", "audio/aiff"),
        (sound(), "audio/wav"),
        (b"glTF" + struct.pack("<IIII", 2, 40, 20, 0x4E4F534A), "model/gltf-binary"),
        (b"8BPS\0\1" + bytes(20), "image/vnd.adobe.photoshop"),
        (b"v/1\x01\2\0\0\0", "image/x-exr"),
        (b"II+\0\x08\0\0\0", "image/tiff"),
        (zipped(["a"]), "application/zip"),
        (zipped([]), "application/zip"),
        (b"\x1f\x8b\x08\0", "application/gzip"),
        (safetensors({"w": {"dtype": "F32"}}), "application/x-safetensors"),
        (safetensors({}), "application/x-safetensors"),
    ],
)
def test_other_files_are_known_by_their_headers(tmp_path: Path, content: bytes, expected: str) -> None:
    assert shown(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a cat\nin a hat", "text/plain"),
        ("größe", "text/plain"),
        ("x" * (HEAD - 1) + "ü" * 9, "text/plain"),
        ("x" * (HEAD - 2) + "😀" * 9, "text/plain"),
        ("a,b\n1,2\n", "text/plain"),
        ("BMW is a car", "text/plain"),
        ("MM or II", "text/plain"),
        ("ID3 tags", "text/plain"),
        ("1 < 2", "text/plain"),
        ("<3 you", "text/plain"),
        ("RIFF is a word", "text/plain"),
        ("\x1b[1mbold\x1b[0m", "text/plain"),
        ('{"a": [1, 2]}', "application/json"),
        ("[1, 2]", "application/json"),
        ("[]", "application/json"),
        ("\ufeff {}", "application/json"),
        (json.dumps([{"k": "v" * 50}] * 500), "application/json"),
        ('{"a": ', "text/plain"),
        ("{a cat|a dog}", "text/plain"),
        ("[link] text", "text/plain"),
        ("42", "text/plain"),
        ("<!DOCTYPE html><html>", "text/html"),
        ("\n<HTML lang=en>", "text/html"),
        ("\ufeff<!-- x --><body>", "text/html"),
        ("<script>1</script>", "text/html"),
        ('<?xml version="1.0"?><html xmlns="x">', "text/html"),
        ("<!-- a comment", "text/html"),
        ('<svg xmlns="x"/>', "image/svg+xml"),
        ('<?xml version="1.0"?>\n<!-- Inkscape -->\n<!DOCTYPE svg PUBLIC "x">\n<svg>', "image/svg+xml"),
        ('<?xml version="1.0"?><rss>', "application/xml"),
    ],
)
def test_texts_are_told_apart(tmp_path: Path, text: str, expected: str) -> None:
    assert shown(tmp_path, text) == expected


@pytest.mark.parametrize(
    "content", [b"", b"\0", bytes(range(256)), b"text\0with a zero", b"caf\xe9", b"\x7fELF\2\1\1", b"MZ\x90\0", b"\xff", b"\xff\xe0"]
)
def test_what_shows_no_type_is_unknown(tmp_path: Path, content: bytes) -> None:
    assert shown(tmp_path, content) is None


def test_utf_16_with_its_mark_is_text(tmp_path: Path) -> None:
    assert shown(tmp_path, "a cat".encode("utf-16")) == "text/plain"


def test_a_header_longer_than_the_file_is_no_safetensors(tmp_path: Path) -> None:
    assert shown(tmp_path, struct.pack("<Q", 10**9) + b'{"w": 1}') is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.sampled_from([b"", b"RIFF", b"\0\0\0\x20ftypmif1", b"\xff", b"<", b"{", b"\x1a\x45\xdf\xa3", b"BM"]), st.binary(max_size=200))
def test_no_bytes_make_it_fail(tmp_path: Path, start: bytes, rest: bytes) -> None:
    shown(tmp_path, start + rest)
