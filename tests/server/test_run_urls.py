"""Files named by https URL: brought from where the owner allows it, from nowhere else, and never from inside the network."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import trustme

from tests.files import fetch_site
from tests.server.poster import PHOTO, nothing_reaches_comfyui, png, run, run_through
from tests.server.site_kit import Site, open_site, served
from viewcomfy.files import fetch_addresses
from viewcomfy.files.fetch import Fetcher

pytestmark = pytest.mark.anyio

Web = fetch_site.Site


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a web site shows, and what trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("files.test", "inside.test").configure_cert(server)
    authority.configure_trust(client)
    return server, client


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Site, Web]]:
    """A server that may fetch from files.test and inside.test, and that site; inside.test has a private address."""
    server, client = contexts()
    dns = fetch_site.Dns({"files.test": [[fetch_site.PUBLIC]], "inside.test": [[fetch_site.PRIVATE]]})
    options: dict[str, Any] = {"resolve": dns.resolve, "is_public": lambda address: address == fetch_site.PUBLIC, "tls": client}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("viewcomfy.cli.assemble_services.Fetcher", partial(Fetcher, **options))
        async with fetch_site.open_site(server) as web:
            allowed = f"files.test:{web.port}, inside.test:{web.port}"
            async with open_site(tmp_path_factory.mktemp("data"), fetch_allow=allowed, max_upload=100_000, fetch_seconds=1.0) as site:
                await site.deploy("photo", PHOTO)
                await site.deploy("closed", PHOTO, inputs={"image": {"locked": True}})
                yield site, web


async def refused(site: Site, inputs: dict[str, Any], code: str = "fetch_failed", status: int = 422, name: str = "photo") -> dict[str, Any]:
    async with nothing_reaches_comfyui(site):
        answer = await run(site, name, inputs)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return dict(answer.json())


@pytest.mark.parametrize("name", ["image", "5-inputs-image"])
async def test_a_file_is_brought_from_where_the_owner_allows_it(world: tuple[Site, Web], name: str) -> None:
    site, web = world
    web.pages = {"/cat.png": answer_png(), "/moved": fetch_site.redirect("/cat.png?token=2")}
    for path in ("/cat.png", "/moved", "/cat.png?token=s3cr3t#there"):
        done = await run_through(site, "photo", {name: f"https://files.test:{web.port}{path}", "width": 8})
        assert done["prompt"]["5"]["inputs"]["image"].endswith(".png")
        assert "s3cr3t" not in str(done)
    assert site.left_behind() == []


def answer_png() -> fetch_site.Answer:
    return fetch_site.answer(png((20, 10)), content_type="text/plain")


async def test_what_a_url_leads_to_is_looked_at(world: tuple[Site, Web]) -> None:
    site, web = world
    base = f"https://files.test:{web.port}"
    web.pages = {
        "/page": fetch_site.answer(b"<!doctype html><title>Log in</title>", content_type="image/png"),
        "/large": fetch_site.answer(png() + bytes(100_001)),
        "/endless": fetch_site.answer(png(), content_length="50000"),
        "/inside": fetch_site.redirect(f"https://inside.test:{web.port}/secret"),
        "/plain": fetch_site.redirect(f"http://files.test:{web.port}/cat.png"),
        "/elsewhere": fetch_site.redirect("https://elsewhere.test/cat.png"),
        "/secret": answer_png(),
    }
    said = await refused(site, {"image": f"{base}/page"}, "invalid_upload")
    assert "text/html" in said["detail"]
    await refused(site, {"image": f"{base}/large"}, "too_large", 413)
    for path in ("/endless", "/inside", "/plain", "/elsewhere", "/absent"):
        said = await refused(site, {"image": base + path})
        assert said["problems"][0]["input"] == "image"
    assert not any("/secret" in request for request in web.requests)


async def test_a_private_address_is_refused_although_its_host_is_allowed(world: tuple[Site, Web]) -> None:
    site, web = world
    said = await refused(site, {"image": f"https://inside.test:{web.port}/cat.png"})
    assert "no public address" in said["detail"]


async def test_nothing_is_brought_for_an_input_that_takes_none(world: tuple[Site, Web]) -> None:
    site, web = world
    web.pages, asked = {"/cat.png": answer_png()}, web.connections
    url = f"https://files.test:{web.port}/cat.png"
    await refused(site, {"image": url}, "invalid_params", name="closed")
    await refused(site, {"crop": url}, "invalid_params")
    assert web.connections == asked


async def test_nothing_is_fetched_unless_the_owner_allows_it(site: Site) -> None:
    await site.deploy("photo", PHOTO)
    said = await refused(site, {"image": "https://example.com/cat.png"})
    assert "VIEWCOMFY_FETCH_ALLOW" in said["hint"]


async def test_this_machine_is_never_asked_whatever_is_allowed(tmp_path_factory: pytest.TempPathFactory) -> None:
    asked = []

    async def inside(scope: Any, _receive: Any, _send: Any) -> None:
        if scope["type"] == "http":
            asked.append(scope["path"])

    async with served(inside) as url:
        port = url.rpartition(":")[2]
        allowed = f"localhost:{port} *:{port} localhost"
        async with open_site(tmp_path_factory.mktemp("data"), fetch_allow=allowed) as site:
            await site.deploy("photo", PHOTO)
            hosts = ("localhost", "127.0.0.1", "[::1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1", "localhost.", "user@localhost")
            for host in hosts:
                for scheme in ("https", "http"):
                    await refused(site, {"image": f"{scheme}://{host}:{port}/admin"})
    assert asked == []
    assert not fetch_addresses.is_public("127.0.0.1")
