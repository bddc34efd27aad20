"""Bytes come in by a link to write, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from viewcomfy.core.errors import Conflict, TooLarge
from viewcomfy.files.local import LocalFiles
from viewcomfy.service.arrivals import take_in
from viewcomfy.service.links import WriteLink

pytestmark = pytest.mark.anyio
LINK = WriteLink("jobs/1/out-1-a.png", 10)


async def parts(*given: bytes) -> AsyncIterator[bytes]:
    for part in given:
        yield part


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path / "files")


async def content(files: LocalFiles, key: str = LINK.file_key) -> bytes:
    return b"".join([block async for block in files.read(key)])


async def test_what_arrives_is_stored(files: LocalFiles) -> None:
    assert await take_in(files, LINK, 10, parts(b"01234", b"56789")) == (10, True)
    assert await content(files) == b"0123456789"


@pytest.mark.parametrize("announced", [None, 5, 11])
async def test_more_than_the_link_allows_is_refused_and_leaves_nothing(files: LocalFiles, announced: int | None) -> None:
    with pytest.raises(TooLarge):
        await take_in(files, LINK, announced, parts(b"0123456789", b"x"))
    assert await files.usage() == 0


async def test_the_same_may_arrive_again(files: LocalFiles) -> None:
    await take_in(files, LINK, None, parts(b"0123"))
    assert await take_in(files, LINK, None, parts(b"01", b"23")) == (4, False)


@pytest.mark.parametrize("other", [b"", b"0124", b"01234", b"012"])
async def test_something_else_under_the_same_key_is_refused(files: LocalFiles, other: bytes) -> None:
    await take_in(files, LINK, None, parts(b"0123"))
    with pytest.raises(Conflict):
        await take_in(files, LINK, None, parts(other))
    with pytest.raises(TooLarge):
        await take_in(files, LINK, None, parts(b"x" * 11))
    assert await content(files) == b"0123"


async def test_a_catalog_is_kept_as_it_came_first(files: LocalFiles) -> None:
    link = WriteLink("catalogs/a.json.gz", 10)
    await take_in(files, link, None, parts(b"one"))
    assert await take_in(files, link, None, parts(b"other")) == (3, False)
    assert await content(files, link.file_key) == b"one"


async def test_what_breaks_off_leaves_nothing(files: LocalFiles) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"0123"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await take_in(files, LINK, None, broken())
    assert await files.usage() == 0
