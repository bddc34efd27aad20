"""What only files by links can do, or suffer from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.files.link_site import LinkSite, link_site
from tests.files.rough_road import Road, rough_road
from tools.services.process import free_port
from viewcomfy.core.errors import Conflict, KeyNotAllowed, LinkInvalid, ServerUnavailable, TooLarge, UnknownFile
from viewcomfy.files.linked import Ask, LinkedFiles
from viewcomfy.files.local import LocalFiles

pytestmark = pytest.mark.anyio
KEY = "jobs/1/out-1-a.png"


async def repeat(part: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield part


async def read(files: LinkedFiles, key: str) -> bytes:
    return b"".join([block async for block in files.read(key)])


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[LinkSite]:
    async with link_site(LocalFiles(tmp_path / "files")) as site:
        yield site


@asynccontextmanager
async def linked(ask: Ask, tmp_path: Path, patience: float = 5.0) -> AsyncIterator[LinkedFiles]:
    async with httpx2.AsyncClient() as http:
        yield LinkedFiles(ask, http, tmp_path / "tmp", patience=patience)


@asynccontextmanager
async def on_a_rough_road(site: LinkSite, tmp_path: Path) -> AsyncIterator[tuple[Road, LinkedFiles]]:
    async with rough_road(int(site.url.rpartition(":")[2])) as road:

        async def ask(key: str, verb: str) -> str:
            return (await site.ask(key, verb)).replace(site.url, road.url)

        async with linked(ask, tmp_path) as files:
            yield road, files


async def test_reading_goes_on_where_a_connection_breaks(site: LinkSite, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    await site.files.put(KEY, repeat(content, 1))
    async with on_a_rough_road(site, tmp_path) as (road, files):
        road.down = [1_000_000, 100_000, 2_000_000]
        assert await read(files, KEY) == content
        assert road.cuts == 3


async def test_storing_begins_again_where_a_connection_breaks(site: LinkSite, tmp_path: Path) -> None:
    async with on_a_rough_road(site, tmp_path) as (road, files):
        road.up = [1_000_000, 100_000]
        assert await files.put(KEY, repeat(b"x" * 100_000, 50)) == 5_000_000
        assert road.cuts == 2
    assert await site.files.size(KEY) == 5_000_000
    assert not list((tmp_path / "tmp" / "spool").iterdir())
    assert await site.files.usage() == 5_000_000


async def test_a_body_that_breaks_off_leaves_nothing(site: LinkSite, tmp_path: Path) -> None:
    async with on_a_rough_road(site, tmp_path) as (road, files):
        road.up = [1_000_000] * 50
        with pytest.raises(ServerUnavailable):
            await LinkedFiles(files._ask, files._http, tmp_path / "tmp", patience=0.1).put(KEY, repeat(b"x" * 100_000, 50))
    assert await site.files.usage() == 0


async def test_the_answer_to_what_was_stored_may_be_lost(site: LinkSite, tmp_path: Path) -> None:
    async with linked(site.ask, tmp_path) as files:
        for _ in range(2):
            assert await files.put(KEY, repeat(b"x" * 100_000, 10)) == 1_000_000


async def test_what_was_stored_is_not_replaced(site: LinkSite, tmp_path: Path) -> None:
    async with linked(site.ask, tmp_path) as files:
        await files.put(KEY, repeat(b"x", 10))
        with pytest.raises(Conflict):
            await files.put(KEY, repeat(b"y", 10))
        assert await read(files, KEY) == b"x" * 10
        for content in (b"one", b"another"):  # named by its content: the first is as good
            await files.put("catalogs/abc.json.gz", repeat(content, 1))
        assert await read(files, "catalogs/abc.json.gz") == b"one"


async def test_a_file_that_is_too_large_is_refused_at_once(site: LinkSite, tmp_path: Path) -> None:
    site.max_bytes = 1_000_000
    async with linked(site.ask, tmp_path, patience=30.0) as files, asyncio.timeout(20):
        with pytest.raises(TooLarge, match="1,000,000"):
            await files.put(KEY, repeat(b"x" * 100_000, 50))
        assert await files.put(KEY, repeat(b"x" * 100_000, 10)) == 1_000_000


async def test_a_link_that_has_expired_is_asked_for_once_more(site: LinkSite, tmp_path: Path) -> None:
    asked: list[str] = []

    async def ask(key: str, verb: str) -> str:
        asked.append(verb)
        return await site.ask(key, verb) if len(asked) % 2 == 0 else f"{site.url}/files/expired"

    async with linked(ask, tmp_path) as files:
        await files.put(KEY, repeat(b"x", 10))
        assert await files.size(KEY) == 10
        assert await read(files, KEY) == b"x" * 10
    assert asked == ["PUT", "PUT", "GET", "GET", "GET", "GET"]


async def test_links_that_never_work_end_it(site: LinkSite, tmp_path: Path) -> None:
    async def ask(key: str, verb: str) -> str:
        return f"{site.url}/files/forged"

    async with linked(ask, tmp_path) as files:
        with pytest.raises(LinkInvalid):
            await files.size(KEY)


async def test_who_may_not_have_a_link_hears_why(tmp_path: Path) -> None:
    async def ask(key: str, verb: str) -> str:
        raise KeyNotAllowed("This is not your job.")

    async with linked(ask, tmp_path, patience=30.0) as files, asyncio.timeout(10):
        with pytest.raises(KeyNotAllowed, match="not your job"):
            await files.put(KEY, repeat(b"x", 1))
        with pytest.raises(KeyNotAllowed, match="not your job"):
            await read(files, KEY)


async def test_a_server_that_is_away_is_waited_for(site: LinkSite, tmp_path: Path) -> None:
    asked: list[str] = []

    async def ask(key: str, verb: str) -> str:
        asked.append(verb)
        if len(asked) == 1:
            raise ServerUnavailable("The engine is not running.", retry_after=1.0)
        if len(asked) == 2:
            return f"http://127.0.0.1:{free_port()}/files/x"
        return await site.ask(key, verb)

    async with linked(ask, tmp_path) as files:
        assert await files.put(KEY, repeat(b"x", 10)) == 10
    async with linked(ask, tmp_path, patience=0.0) as files:
        asked.clear()
        with pytest.raises(ServerUnavailable):
            await files.size(KEY)


async def test_a_file_that_is_gone_is_unknown_at_once(site: LinkSite, tmp_path: Path) -> None:
    async with linked(site.ask, tmp_path, patience=30.0) as files, asyncio.timeout(10):
        for call in (files.size(KEY), read(files, KEY)):
            with pytest.raises(UnknownFile):
                await call
