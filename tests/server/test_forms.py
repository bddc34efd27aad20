"""The form reader: any form in any pieces, every limit, nothing left behind."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from viewcomfy.core.errors import DiskFull, InvalidForm, InvalidUpload, TooLarge
from viewcomfy.server.form_data import FormLimits
from viewcomfy.server.forms import Form, read_form

pytestmark = pytest.mark.anyio

LIMITS = FormLimits(request=1_000_000, field=100_000, upload=500_000, files=8, fields=10)
URLENCODED = "application/x-www-form-urlencoded"
Part = tuple[str, str | None, bytes]


def multipart(*parts: Part, boundary: str = "XX", end: bool = True) -> bytes:
    """Encode parts of (name, file name or None, bytes) as Node, curl and browsers do."""
    out = b""
    for name, filename, data in parts:
        file = "" if filename is None else f'; filename="{filename}"\r\nContent-Type: image/png'
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    return out + (f"--{boundary}--\r\n".encode() if end else b"")


async def pieces_of(body: bytes | Iterable[bytes], size: int = 7) -> AsyncIterator[bytes]:
    for piece in (body[i : i + size] for i in range(0, len(body), size)) if isinstance(body, bytes) else body:
        yield piece


async def read(
    body: bytes | Iterable[bytes],
    folder: Path,
    content_type: str = 'multipart/form-data; boundary="XX"',
    limits: FormLimits = LIMITS,
    more: dict[str, str] | None = None,
) -> Form:
    return await read_form({"content-type": content_type, **(more or {})}, pieces_of(body), limits, folder)


def left_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def test_an_urlencoded_form_is_read(tmp_path: Path) -> None:
    said = {"logs": "false", "params": '{"6-inputs-text": "Käse & +100 % \U0001f600"}', "workflow_api": ""}
    assert (await read(urlencode(said).encode(), tmp_path, URLENCODED)).fields == said


async def test_a_multipart_form_is_read_with_its_files_first(tmp_path: Path) -> None:
    picture = os.urandom(300_000)
    body = multipart(("52-inputs-image", "päth/cat.png", picture), ("params", None, b"{}"), ("logs", None, b"true"))
    form = await read(body, tmp_path)
    assert form.fields == {"params": "{}", "logs": "true"}
    (file,) = form.files
    assert (file.field, file.filename, file.content_type, file.size) == ("52-inputs-image", "päth/cat.png", "image/png", len(picture))
    assert file.path.read_bytes() == picture
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    form.discard()
    assert left_in(tmp_path) == []


async def test_the_last_of_two_fields_wins(tmp_path: Path) -> None:
    assert (await read(multipart(("params", None, b"1"), ("params", None, b"2")), tmp_path)).fields == {"params": "2"}
    assert (await read(b"params=1&params=2", tmp_path, URLENCODED)).fields == {"params": "2"}


async def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidUpload, match="Two files"):
        await read(multipart(("5-inputs-image", "a", b"1"), ("5-inputs-image", "b", b"2")), tmp_path)
    assert left_in(tmp_path) == []


async def test_an_empty_file_is_a_file_of_no_bytes(tmp_path: Path) -> None:
    (file,) = (await read(multipart(("5-inputs-image", "empty.png", b"")), tmp_path)).files
    assert file.size == 0
    assert file.path.read_bytes() == b""


async def test_a_file_picker_left_alone_is_no_file(tmp_path: Path) -> None:
    assert (await read(multipart(("5-inputs-image", "", b"")), tmp_path)).files == ()
    assert left_in(tmp_path) == []


async def test_a_text_field_may_come_from_a_file(tmp_path: Path) -> None:
    form = await read(multipart(("params", "params.json", b'{"a": 1}')), tmp_path)
    assert form.fields == {"params": '{"a": 1}'}
    assert form.files == ()


async def test_text_where_a_file_was_meant_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(InvalidUpload, match="curl"):
        await read(multipart(("5-inputs-image", None, b"photo.png")), tmp_path)


async def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    assert (await read(b"sid=1&params=%7B%7D&x", tmp_path, URLENCODED)).fields == {"params": "{}"}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "multipart/form-data", "multipart/form-data; boundary="])
async def test_another_content_type_is_refused(tmp_path: Path, content_type: str) -> None:
    with pytest.raises(InvalidForm) as caught:
        await read_form({"content-type": content_type}, pieces_of(b"{}"), LIMITS, tmp_path)
    assert caught.value.hint


async def test_a_compressed_body_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidForm, match="compressed"):
        await read(b"", tmp_path, URLENCODED, more={"content-encoding": "gzip"})


async def test_a_body_that_stops_half_way_is_refused(tmp_path: Path) -> None:
    whole = multipart(("5-inputs-image", "a.png", b"x" * 600_000), ("params", None, b"{}"))
    limits = FormLimits(request=10**7, field=10**5, upload=10**6, files=8)
    for body in (b"", whole[:50], whole[: len(whole) // 2], whole[:-8]):
        with pytest.raises(InvalidForm, match="half way"):
            await read(body, tmp_path, limits=limits)
        assert left_in(tmp_path) == []


async def test_fewer_bytes_than_announced_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidForm, match="half way"):
        await read(b"params=%7B", tmp_path, URLENCODED, more={"content-length": "100"})


async def test_a_client_that_vanishes_leaves_nothing_behind(tmp_path: Path) -> None:
    async def vanishing() -> AsyncIterator[bytes]:
        yield multipart(("5-inputs-image", "a.png", b"x" * 400_000), end=False)
        assert len(left_in(tmp_path)) == 1
        raise ClientDisconnect

    with pytest.raises(InvalidForm, match="half way"):
        await read_form({"content-type": "multipart/form-data; boundary=XX"}, vanishing(), LIMITS, tmp_path)
    assert left_in(tmp_path) == []


async def test_a_cancel_leaves_nothing_behind(tmp_path: Path) -> None:
    arrived = anyio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield multipart(("5-inputs-image", "a.png", b"x" * 400_000), end=False)
        arrived.set()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(read_form, {"content-type": "multipart/form-data; boundary=XX"}, endless(), LIMITS, tmp_path)
        await arrived.wait()
        group.cancel_scope.cancel()
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        (multipart(("params", None, b"x" * 101)), {"field": 100}),
        (multipart(("unknown", None, b"x" * 101)), {"field": 100}),
        (multipart(("5-inputs-image", "a", b"x" * 101)), {"upload": 100}),
        (multipart(*[(f"{i}-inputs-image", "a", b"x") for i in range(9)]), {}),
        (multipart(*[(f"field{i}", None, b"x") for i in range(11)]), {}),
        (multipart(("5-inputs-image", "a", b"x" * 5000)), {"request": 4000}),
    ],
)
async def test_every_limit_is_enforced(tmp_path: Path, body: bytes, limits: dict[str, int]) -> None:
    all_limits: dict[str, Any] = {"request": 10**6, "field": 10**5, "upload": 10**6, "files": 8, "fields": 10}
    with pytest.raises(TooLarge):
        await read(body, tmp_path, limits=FormLimits(**{**all_limits, **limits}))
    assert left_in(tmp_path) == []


async def test_a_length_over_the_limit_is_refused_before_reading(tmp_path: Path) -> None:
    async def untouched() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    headers = {"content-type": URLENCODED, "content-length": str(LIMITS.request + 1)}
    with pytest.raises(TooLarge):
        await read_form(headers, untouched(), LIMITS, tmp_path)


async def test_a_thousand_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="more than 8 files"):
        await read(multipart(*[(f"{i}-inputs-image", "a", b"x") for i in range(1000)]), tmp_path)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "damage",
    [
        b"no boundary at all",
        b'--XX\r\nContent-Disposition: form-data; name="' + b"n" * 10_000 + b'"\r\n\r\n',
        b"--XX\r\n" + b"A: b\r\n" * 50,
        b"--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XX--\r\n",
        b'--XX\r\nContent-Disposition: form-data; name="params"\r\n\r\n\xff\r\n--XX--\r\n',
    ],
)
async def test_a_damaged_form_is_refused(tmp_path: Path, damage: bytes) -> None:
    with pytest.raises(InvalidForm):
        await read(damage, tmp_path)


async def test_an_endless_field_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidForm, match="name"):
        await read(b"x" * 5000, tmp_path, URLENCODED)


async def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DiskFull):
        await read(multipart(("5-inputs-image", "a", b"x")), tmp_path)
    monkeypatch.undo()
    assert left_in(tmp_path) == []


CUTS = st.lists(st.floats(0, 1), max_size=8)
"""Where a body is cut, as parts of its length."""


def chunked(places: list[float], body: bytes) -> list[bytes]:
    cuts = sorted(round(place * len(body)) for place in places)
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
FILES = st.lists(st.tuples(st.integers(0, 99), st.binary(max_size=200)), max_size=4, unique_by=lambda item: item[0])


@given(CUTS, st.dictionaries(st.sampled_from(["params", "workflow_api", "logs"]), TEXT), FILES)
@settings(deadline=None, max_examples=60)
async def test_any_multipart_form_in_any_pieces_is_read_whole(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[float], fields: dict[str, str], files: list[tuple[int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    boundary = "----formdata-5f3a2b"  # random in real life, so not in the data
    parts: list[Part] = [(f"{number}-inputs-image", "a.png", content) for number, content in files]
    body = multipart(*parts, *[(name, None, text.encode()) for name, text in fields.items()], boundary=boundary)
    form = await read(chunked(cuts, body), folder, f"multipart/form-data; boundary={boundary}")
    assert form.fields == fields
    assert [file.path.read_bytes() for file in form.files] == [content for _, content in files]
    form.discard()
    assert left_in(folder) == []


@given(CUTS, st.lists(st.tuples(st.sampled_from(["params", "workflow_api", "logs", "other"]), TEXT), max_size=8))
@settings(deadline=None, max_examples=60)
async def test_any_urlencoded_form_in_any_pieces_is_read_whole(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[float], pairs: list[tuple[str, str]]
) -> None:
    form = await read(chunked(cuts, urlencode(pairs).encode()), tmp_path_factory.getbasetemp(), URLENCODED)
    assert form.fields == {name: value for name, value in pairs if name != "other"}


PART = b"Content-Disposition: form-data; name="
FRAGMENTS = st.sampled_from(
    [
        *[b"--XX", b"--XX--", b"\r\n", b"\r", b"\n", b"\r\n--XX\r\n", b"--", b":", b";", b"=", b"&", b"%", b"%C3", b"+", b" ", b'"'],
        *[PART + b'"params"\r\n\r\n', PART + b'"1-inputs-a"; filename="f"\r\n\r\n', PART + b'"5"; filename=""\r\n\r\n'],
    ]
)


@given(CUTS, st.lists(FRAGMENTS | st.binary(max_size=20), max_size=30).map(b"".join), st.booleans())
@settings(deadline=None, max_examples=300)
async def test_any_bytes_give_a_form_or_an_error_and_leave_nothing(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[float], body: bytes, as_multipart: bool
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    kind = "multipart/form-data; boundary=XX" if as_multipart else URLENCODED
    with suppress(InvalidForm, InvalidUpload, TooLarge):
        (await read(chunked(cuts, body), folder, kind)).discard()
    assert left_in(folder) == []
