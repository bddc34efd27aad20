"""Data URLs, decoded onto the disk."""

from __future__ import annotations

import base64
import errno
import io
import tracemalloc
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from viewcomfy.core.errors import DiskFull, InternalError, InvalidUpload, TooLarge
from viewcomfy.files.data_url import SLICE, decode_data_url, is_data_url
from viewcomfy.files.faults import disk_fault


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return file.getvalue()


def in_base64(data: bytes, head: str = "data:image/png;base64,") -> str:
    return head + base64.b64encode(data).decode()


def test_a_picture_is_decoded_and_its_type_is_what_its_bytes_show(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    assert decode_data_url(in_base64(png(), "data:audio/mpeg;base64,"), path, 10_000) == ("image/png", len(png()))
    assert path.read_bytes() == png()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("data:,hello%20w%C3%B6rld", "hello wörld".encode()),
        ("data:text/plain;charset=utf-8,a+b", b"a+b"),
        ("data:text/plain,wörld", "wörld".encode()),
        ('DATA:Text/Plain;Charset="a b";BASE64,aGVsbG8=', b"hello"),
        ("data:;base64,aGVsbG8=", b"hello"),
        ("data:image/svg+xml;utf8=1,%3Csvg%20xmlns='x'/%3E", b"<svg xmlns='x'/>"),
    ],
)
def test_every_form_of_a_data_url_is_read(tmp_path: Path, text: str, data: bytes) -> None:
    decode_data_url(text, tmp_path / "file", 1000)
    assert (tmp_path / "file").read_bytes() == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data:",
        "data:image/png;base64",
        "http://a.example/x.png",
        "aGVsbG8=",
        "data:image/png;base64,",
        "data:,",
        " data:,x",
        "data:image/,x",
        "data:a/b;c,x",
        "data:image/png;base64,aGVsbG8",
        "data:image/png;base64,aGVs\nbG8=",
        "data:image/png;base64,aGVsbG8=aGVsbG8=",
        "data:image/png;base64,====",
        "data:image/png;base64,aGVs!G8=",
        "data:image/png;base64,aGVsbG9-",
        "data:image/png;base64,aGVsbG8%3D",
        "data:image/png;base64,äöü=",
        "data:,100%",
        "data:,%zz",
        "data:,a#b",
        "data:,\ud800",
        "data:" + "x" * 2000 + ",x",
    ],
)
def test_what_is_no_data_url_is_refused_and_leaves_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidUpload):
        decode_data_url(text, tmp_path / "file", 1000)
    assert list(tmp_path.iterdir()) == []


def test_padding_in_the_middle_of_a_large_one_is_refused(tmp_path: Path) -> None:
    text = "data:;base64," + "A" * (SLICE - 1) + "=" + "AAAA"
    with pytest.raises(InvalidUpload, match="not base64"):
        decode_data_url(text, tmp_path / "file", SLICE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [99, 100, 101, 102, 103, 200, SLICE * 2])
def test_the_limit_is_exact(tmp_path: Path, size: int) -> None:
    for text in (in_base64(b"x" * size), "data:," + "x" * size, "data:," + "%78" * size):
        if size <= 100:
            assert decode_data_url(text, tmp_path / "file", 100)[1] == size
        else:
            (tmp_path / "file").unlink(missing_ok=True)
            with pytest.raises(TooLarge, match="100 bytes"):
                decode_data_url(text, tmp_path / "file", 100)
            assert list(tmp_path.iterdir()) == []


def test_no_second_copy_of_a_large_file_is_held(tmp_path: Path) -> None:
    for text in (in_base64(bytes(8_000_000)), "data:," + "x" * 8_000_000):
        tracemalloc.start()
        decode_data_url(text, tmp_path / "file", 8_000_000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (tmp_path / "file").stat().st_size == 8_000_000
        assert peak < 2_500_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=300), st.integers(0, 4))
def test_what_goes_in_comes_out_wherever_the_slices_end(tmp_path: Path, data: bytes, shift: int) -> None:
    data = b"x" * (SLICE - 150 + shift) + data
    for text in (in_base64(data), "data:," + quote(data, safe="")):
        decode_data_url(text, tmp_path / "file", len(data))
        assert (tmp_path / "file").read_bytes() == data


def test_a_full_disk_is_called_by_its_name() -> None:
    assert isinstance(disk_fault(OSError(errno.ENOSPC, "No space left")), DiskFull)
    assert isinstance(disk_fault(PermissionError(errno.EACCES, "Permission denied")), InternalError)


def test_a_folder_that_is_not_there_is_our_fault_not_the_callers(tmp_path: Path) -> None:
    with pytest.raises(InternalError):
        decode_data_url("data:,x", tmp_path / "absent" / "file", 10)


@pytest.mark.parametrize(("text", "means"), [("data:x", True), ("DATA:,", True), ("https://a", False), ("", False), ("data", False)])
def test_a_data_url_is_known_by_its_first_letters(text: str, means: bool) -> None:
    assert is_data_url(text) is means
