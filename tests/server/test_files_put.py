"""Files that come in by signed links, and links that lead to a store of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.files.link_site import link_site
from tests.server.site_kit import Site, until
from tools.services.s3 import Moto
from viewcomfy.core.errors import UnknownFile
from viewcomfy.files.local import LocalFiles
from viewcomfy.files.open import open_files
from viewcomfy.service.links import FileLink, WriteLink

pytestmark = pytest.mark.anyio


@pytest.fixture
def key() -> str:
    """A key that nobody else uses: the site is shared."""
    return f"jobs/{secrets.token_hex(8)}/out-1-cat.png"


def write_link(site: Site, key: str, max_bytes: int = 1_000_000, seconds: float = 60.0) -> str:
    return f"/files/{site.services.links.sign_write(WriteLink(key, max_bytes), seconds)}"


async def parts(*given: bytes) -> AsyncIterator[bytes]:
    for part in given:
        yield part


async def content(site: Site, key: str) -> bytes:
    return b"".join([block async for block in site.services.files.read(key)])


async def test_a_file_is_stored_by_its_link_alone(site: Site, key: str) -> None:
    answer = await site.http.put(write_link(site, key), content=b"picture")
    assert (answer.status_code, answer.json()) == (201, {"size": 7})
    assert await content(site, key) == b"picture"


async def test_the_same_file_may_come_twice_and_no_other(site: Site, key: str) -> None:
    link = write_link(site, key)
    await site.http.put(link, content=b"picture")
    answer = await site.http.put(link, content=b"picture")
    assert (answer.status_code, answer.json()) == (200, {"size": 7})
    answer = await site.http.put(link, content=b"another")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await content(site, key) == b"picture"


async def test_a_file_over_its_limit_answers_413(site: Site, key: str) -> None:
    for body in (b"x" * 1_000_001, parts(*[b"x" * 400_000] * 3)):
        answer = await site.http.put(write_link(site, key), content=body)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await site.services.files.usage(key.rpartition("/")[0]) == 0


async def test_a_forged_or_old_link_answers_403(site: Site, key: str) -> None:
    reading, _ = site.services.links.sign(FileLink(key, "cat.png", "image/png"))
    for path in ("/files/x", f"/files/{reading}", write_link(site, key, seconds=-1), write_link(site, key)[:-4]):
        answer = await site.http.put(path, content=b"picture")
        assert (answer.status_code, answer.json()["code"]) == (403, "link_invalid")
    answer = await site.http.get(write_link(site, key))
    assert (answer.status_code, answer.json()["code"]) == (403, "link_invalid")


async def test_a_body_that_breaks_off_leaves_nothing(site: Site, key: str) -> None:
    url = httpx2.URL(site.url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = f"PUT {write_link(site, key)} HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"
    writer.write(head.encode() + b"x" * 700_000)
    await writer.drain()
    drafts = site.settings.data_dir / "files" / ".tmp"

    async def open_drafts() -> list[Path]:
        return list(drafts.iterdir())

    await until(open_drafts, bool)
    writer.close()
    await writer.wait_closed()
    await until(open_drafts, lambda found: not found)
    with pytest.raises(UnknownFile):
        await site.services.files.size(key)


async def test_links_lead_to_the_store_where_the_setting_says_so(moto: Moto, tmp_path: Path) -> None:
    files = open_files(moto.bucket(), tmp_path)
    await files.put("jobs/1/out-1-cat.png", parts(b"picture"))
    async with link_site(files, "store") as place, httpx2.AsyncClient() as http:
        link = await place.ask("jobs/1/out-1-cat.png", "GET")
        answer = await http.get(link)
        assert answer.status_code == 307
        assert answer.headers["location"].startswith(moto.url)
        assert (await http.get(link, headers={"Range": "bytes=1-2"}, follow_redirects=True)).content == b"ic"
        assert (await http.head(link)).headers["content-length"] == "7"
    async with link_site(LocalFiles(tmp_path / "files"), "store") as place, httpx2.AsyncClient() as http:
        await place.files.put("jobs/1/out-1-cat.png", parts(b"picture"))
        assert (await http.get(await place.ask("jobs/1/out-1-cat.png", "GET"))).content == b"picture"
