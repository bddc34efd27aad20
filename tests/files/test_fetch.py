"""Files fetched from URLs, by sites that behave, and by sites that do not."""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.files.fetch_site import PRIVATE, PUBLIC, Dns, Site, answer, open_site, redirect
from viewcomfy.core.errors import FetchFailed, InternalError, TooLarge, ViewComfyError
from viewcomfy.files import fetch_addresses
from viewcomfy.files.fetch import Fetched, Fetcher
from viewcomfy.files.fetch_limits import FetchLimits

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)
HTML = b"<!doctype html><title>Log in</title>"
LIMITS = FetchLimits(max_bytes=3_000_000, seconds=20.0)


def public_in_tests(address: str) -> bool:
    return address == PUBLIC or fetch_addresses.is_public(address)


class World:
    """A site at files.test, reached by a fetcher whose name servers and trusted authorities are the tests' own."""

    def __init__(self, site: Site, tls: ssl.SSLContext, folder: Path) -> None:
        self.site = site
        self.dns = Dns({"files.test": [[PUBLIC]], "other.test": [[PUBLIC]]})
        self.base = f"https://files.test:{site.port}"
        self.path = folder / "fetched"
        self.limits = replace(LIMITS, allowed=(f"files.test:{site.port}", f"*:{site.port}"))
        self._tls = tls

    async def fetch(self, url: str, **limits: Any) -> Fetched:
        fetcher = Fetcher(replace(self.limits, **limits), resolve=self.dns.resolve, is_public=public_in_tests, tls=self._tls)
        return await fetcher.fetch(self.base + url if url.startswith("/") else url, self.path)

    async def refused(self, url: str, error: type[ViewComfyError] = FetchFailed, **limits: Any) -> str:
        """Fetch what must not be fetched; return what was said. Nothing may be left of it."""
        with pytest.raises(error) as fault:
            await self.fetch(url, **limits)
        assert list(self.path.parent.iterdir()) == []
        return str(fault.value)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def world(authority: trustme.CA, trust: ssl.SSLContext, tmp_path: Path) -> AsyncIterator[World]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("files.test", "other.test").configure_cert(tls)
    async with open_site(tls) as site:
        yield World(site, trust, tmp_path)


async def test_a_file_is_fetched_and_its_type_is_what_its_bytes_show(world: World) -> None:
    world.site.pages["/cats/my%20cat.png"] = answer(PNG, content_type="text/plain")
    assert await world.fetch("/cats/my%20cat.png?token=abc") == Fetched("image/png", len(PNG), "my cat.png")
    assert world.path.read_bytes() == PNG
    assert list(world.path.parent.iterdir()) == [world.path]


async def test_a_large_file_comes_whole_in_chunks_as_well(world: World) -> None:
    body = bytes(range(256)) * 8192

    async def in_chunks(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 100_000):
            part = body[at : at + 100_000]
            writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    world.site.pages["/"] = in_chunks
    assert (await world.fetch("/")).size == len(body)
    assert world.path.read_bytes() == body


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/a/download", "download.png"),
        ("/cat.php", "cat.php.png"),
        ("/", "file.png"),
        ("/a.jpg", "a.jpg"),
        ("/..%2f..%2Fetc%2Fpasswd", "passwd.png"),
    ],
)
async def test_the_file_name_is_safe_and_has_a_suffix_that_means_something(world: World, url: str, name: str) -> None:
    world.site.pages[url] = answer(PNG)
    assert (await world.fetch(url)).filename == name


async def test_the_site_is_told_nothing_but_what_it_needs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    world.site.pages["/a"] = answer(status="302 Found", location="/b?x=%2F&y=a+b~%7E#part", set_cookie="session=1")
    world.site.pages["/b"] = answer(PNG)
    await world.fetch("/a")
    request = world.site.requests[-1].lower()
    assert request.startswith("get /b?x=%2f&y=a+b~%7e http/1.1\r\n")
    assert f"host: files.test:{world.site.port}" in request
    assert "accept-encoding: identity" in request
    assert not any(f"\r\n{header}:" in request for header in ("cookie", "referer", "authorization", "range"))


async def test_without_an_allow_list_nothing_is_fetched(world: World) -> None:
    assert "VIEWCOMFY_FETCH_ALLOW" in await world.refused("/", allowed=())
    assert world.dns.asked == []


async def test_a_host_or_port_that_is_not_allowed_is_not_even_looked_up(world: World) -> None:
    said = await world.refused("https://other.test/x?token=secret", allowed=("files.test", "*.example.com"))
    assert "https://other.test" in said
    assert "secret" not in said
    await world.refused("/", allowed=("files.test",))
    assert world.dns.asked == []


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test:{port}/",  # not on the list
        "https://files.test:9/",  # another port
        "https://127.0.0.1:{port}/",
        "https://[::1]:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://2130706433:{port}/",
        "https://0x7f.1:{port}/",
        "//user:secret@files.test:{port}/x",
        "http://files.test:{port}/x",  # a downgrade
        "file:///etc/passwd",
        "/\\evil.test/x",
        "https://files.test.:{port}/x",
        "https://[",
        "",
    ],
)
async def test_a_redirect_is_checked_like_the_url_itself(world: World, target: str) -> None:
    world.site.pages["/"] = redirect(target.format(port=world.site.port))
    said = await world.refused("/", allowed=(f"files.test:{world.site.port}",), allow_http=True)
    assert "secret" not in said
    assert world.site.connections == 1
    assert world.dns.asked == ["files.test"]


async def test_a_redirect_to_a_host_that_is_allowed_is_followed(world: World) -> None:
    world.site.pages["/"] = redirect(f"https://other.test:{world.site.port}/cat", status="308 Permanent Redirect")
    world.site.pages["/cat"] = answer(PNG)
    assert (await world.fetch("/")).size == len(PNG)
    assert world.dns.asked == ["files.test", "other.test"]


async def test_a_redirect_to_a_host_with_a_private_address_is_refused(world: World) -> None:
    world.site.pages["/"] = redirect(f"https://inside.test:{world.site.port}/")
    world.dns.answers["inside.test"] = [[PRIVATE]]
    assert "no public address" in await world.refused("/")
    assert world.site.connections == 1


async def test_one_private_address_among_public_ones_is_enough_to_refuse(world: World) -> None:
    world.dns.answers["files.test"] = [[PUBLIC, "10.0.0.1"]]
    assert "no public address" in await world.refused("/")
    assert world.site.connections == 0


async def test_a_host_that_does_not_exist_reads_like_one_that_is_private(world: World) -> None:
    world.dns.answers["files.test"] = [["169.254.169.254"]]
    private = await world.refused("/")
    del world.dns.answers["files.test"]
    assert await world.refused("/") == private


async def test_a_name_that_changes_its_address_is_looked_up_once_and_asked_there(world: World) -> None:
    world.dns.answers["files.test"] = [[PUBLIC], [PRIVATE]]
    world.site.pages["/"] = answer(PNG)
    await world.fetch("/")
    assert world.dns.asked == ["files.test"]


async def test_a_name_that_turns_private_between_two_redirects_is_refused(world: World) -> None:
    world.dns.answers["files.test"] = [[PUBLIC], [PRIVATE]]
    world.site.pages["/"] = redirect("/again")
    assert "no public address" in await world.refused("/")
    assert (world.dns.asked, world.site.connections) == (["files.test", "files.test"], 1)


async def test_this_machines_own_name_is_refused_by_the_real_checks(world: World, tmp_path: Path) -> None:
    fetcher = Fetcher(FetchLimits((f"localhost:{world.site.port}",), allow_http=True))
    for scheme in ("https", "http"):
        with pytest.raises(FetchFailed, match="no public address"):
            await fetcher.fetch(f"{scheme}://localhost:{world.site.port}/", tmp_path / "fetched")
    assert world.site.connections == 0


async def test_a_redirect_loop_ends(world: World) -> None:
    world.site.pages["/"] = redirect("/")
    assert "more than 5 times" in await world.refused("/")
    assert world.site.connections == 6


async def test_a_body_that_never_ends_stops_at_the_limit(world: World) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()
            await asyncio.sleep(0)  # with TLS a drain may return at once for ever, and nobody would see that the other side has gone

    world.site.pages["/"] = endless
    assert "3,000,000 bytes" in await world.refused("/", TooLarge)


async def test_a_length_over_the_limit_is_refused_before_the_body(world: World) -> None:
    world.site.pages["/"] = answer(b"x", content_length="3000001")
    await world.refused("/", TooLarge)


async def test_a_file_of_exactly_the_limit_is_allowed(world: World) -> None:
    world.site.pages["/"] = answer(PNG)
    assert (await world.fetch("/", max_bytes=len(PNG))).size == len(PNG)


async def test_a_body_that_drips_is_given_up_in_time(world: World) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)  # the slowness is the point

    world.site.pages["/"] = drip
    assert "0.3 seconds" in await world.refused("/", seconds=0.3)


async def test_a_name_server_that_does_not_answer_is_given_up_in_time(world: World) -> None:
    async def silence(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    fetcher = Fetcher(replace(world.limits, seconds=0.1), resolve=silence)
    with pytest.raises(FetchFailed, match=r"0\.1 seconds"):
        await fetcher.fetch(world.base + "/", world.path)


async def test_a_compressed_body_is_refused_unopened(world: World) -> None:
    world.site.pages["/"] = answer(gzip.compress(bytes(10_000_000)), content_encoding="gzip")
    assert "compressed" in await world.refused("/")


@pytest.mark.parametrize(
    "status", ["404 Not Found", "401 Unauthorized", "206 Partial Content", "204 No Content", "304 Not Modified", "500 Oh"]
)
async def test_only_a_whole_file_counts(world: World, status: str) -> None:
    world.site.pages["/"] = answer(b"" if status.startswith(("204", "304")) else PNG, status)
    assert status[:3] in await world.refused("/")


async def test_an_empty_file_is_refused(world: World) -> None:
    world.site.pages["/"] = answer(b"")
    assert "empty" in await world.refused("/")


async def test_a_page_in_place_of_a_picture_is_known_for_what_it_is(world: World) -> None:
    world.site.pages["/cat.png"] = answer(HTML, content_type="image/png")
    assert (await world.fetch("/cat.png")).content_type == "text/html"


async def test_a_body_that_stops_half_way_is_refused(world: World) -> None:
    world.site.pages["/"] = answer(PNG, content_length="2500")
    assert "ended before the file did" in await world.refused("/")


async def test_an_answer_that_is_not_http_is_refused(world: World) -> None:
    async def nonsense(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    world.site.pages["/"] = nonsense
    await world.refused("/")


async def test_a_certificate_of_another_host_or_authority_is_refused(world: World, trust: ssl.SSLContext) -> None:
    world.dns.answers["wrong.test"] = [[PUBLIC]]
    assert "certificate" in await world.refused(f"https://wrong.test:{world.site.port}/")
    world._tls = ssl.create_default_context()
    assert "certificate" in await world.refused("/")


async def test_http_is_fetched_only_where_a_setting_says_so(tmp_path: Path, trust: ssl.SSLContext) -> None:
    async with open_site(None) as site:
        site.pages["/"] = answer(PNG)
        world = World(site, trust, tmp_path)
        url = f"http://files.test:{site.port}/"
        await world.refused(url)
        assert (await world.fetch(url, allow_http=True)).size == len(PNG)


async def test_no_part_of_the_path_or_query_is_told_or_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def nonsense(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 xyz\r\n\r\n")

    caplog.set_level(logging.DEBUG)
    world.site.pages |= {"/nonsense-secret": nonsense, "/away-secret": redirect("/gone-secret?secret"), "/large-secret": answer(PNG)}
    world.site.pages["/half-secret"] = answer(PNG, content_length="2500")
    urls = [f"{world.base}/{page}-secret?key=secret" for page in ("nonsense", "away", "large", "half", "missing")]
    odd = [
        "https://secret:secret@files.test/",
        "https://files.test:secret/",
        "https://[secret/",
        "https://files.test:9/secret",
        "secret://x",
        "\x00secret",
    ]
    for url in urls + odd:
        with pytest.raises(ViewComfyError) as fault:
            await world.fetch(url, max_bytes=1500 if "large" in url else 3000)
        told = "".join(traceback.format_exception(fault.value, chain=True)) + repr(fault.value.__context__) + str(fault.value.details)
        lines = [line for line in told.splitlines() if not line.startswith("    ")]  # the source's own lines stand in a trace
        assert "secret" not in "\n".join(lines)
    assert "secret" not in caplog.text


async def test_a_fetch_that_is_canceled_leaves_nothing_behind(world: World) -> None:
    begun = asyncio.Event()

    async def stalls(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1_000_000))
        await writer.drain()
        begun.set()
        await asyncio.Event().wait()

    world.site.pages["/"] = stalls
    task = asyncio.create_task(world.fetch("/"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(world.path.parent.iterdir()) == []


async def test_a_fault_of_the_disk_is_not_blamed_on_the_site(world: World) -> None:
    world.site.pages["/"] = answer(PNG)
    world.path = world.path.parent / "absent" / "fetched"
    with pytest.raises(InternalError):
        await world.fetch("/")


async def test_the_address_is_looked_at_once_more_when_the_connection_is_made(world: World, trust: ssl.SSLContext) -> None:
    asked: list[str] = []

    def public_once(address: str) -> bool:
        asked.append(address)
        return len(asked) == 1

    fetcher = Fetcher(world.limits, resolve=world.dns.resolve, is_public=public_once, tls=trust)
    with pytest.raises(FetchFailed):
        await fetcher.fetch(world.base + "/", world.path)
    assert (asked, world.site.connections) == ([PUBLIC, PUBLIC], 0)
