"""The dashboard's page and assets, built and not built."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.server.site_kit import Site, served
from viewcomfy.server.app import create_app
from viewcomfy.server.dashboard import Dashboard, takes_gzip

pytestmark = pytest.mark.anyio

PAGE = '<!doctype html><script type="module" src="/assets/index-abc123.js"></script><div id="root"></div>'
SCRIPT = b"console.log('the dashboard');" * 50
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PATHS = (
    *("/", "/sign-in", "/deploy", "/deployments", "/deployments/cats", "/deployments/cats/versions/2", "/jobs", "/jobs/1-2-3"),
    *("/backends", "/keys", "/usage", "/settings", "/play/cats", "/play/cats/more"),
)


@pytest.fixture
async def opened(site: Site, tmp_path: Path) -> AsyncIterator[tuple[httpx2.AsyncClient, Path]]:
    """An app whose dashboard lies in a folder of the test's own, and is not built yet."""
    app = create_app(site.services, site.settings)
    app.state.dashboard = Dashboard(tmp_path / "dashboard")
    async with served(app) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        yield client, tmp_path / "dashboard"


@pytest.fixture
async def built(opened: tuple[httpx2.AsyncClient, Path]) -> httpx2.AsyncClient:
    client, folder = opened
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "secret.js").write_text("outside")
    (folder.parent / "secret.js").write_text("outside")
    script = folder / "assets" / "index-abc123.js"
    script.write_bytes(SCRIPT)
    script.with_name(f"{script.name}.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets" / "logo-1.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets" / "note.txt").write_text("not one of ours")
    return client


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_the_dashboard(built: httpx2.AsyncClient, path: str) -> None:
    answer = await built.get(path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    head = await built.head(path)
    assert (head.status_code, head.content) == (200, b"")


async def test_a_person_who_is_lost_gets_the_page_and_a_program_json(built: httpx2.AsyncClient) -> None:
    lost = await built.get("/nothing/here", headers=BROWSER)
    assert (lost.status_code, lost.text) == (404, PAGE)
    for path in ("/api/nothing", "/d/a/b/c", "/files/a/b", "/assets/nothing.js"):
        answer = await built.get(path, headers=BROWSER)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert (await built.get("/nothing")).json()["code"] == "not_found"
    assert (await built.post("/nothing", headers=BROWSER)).json()["code"] == "not_found"
    assert (await built.post("/jobs", headers=BROWSER)).json()["code"] == "method_not_allowed"
    assert (await built.get("/api/jobs/x", headers=BROWSER)).json()["code"] == "missing_key"


async def test_assets_are_kept_for_ever_and_sent_compressed(built: httpx2.AsyncClient) -> None:
    plain = await built.get("/assets/index-abc123.js", headers={"accept-encoding": "identity"})
    packed = await built.get("/assets/index-abc123.js", headers={"accept-encoding": "br, gzip;q=0.8"})
    for answer in (plain, packed):
        assert answer.status_code == 200
        assert answer.content == SCRIPT
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "Accept-Encoding" in answer.headers["vary"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT)
    picture = await built.get("/assets/logo-1.svg", headers={"accept-encoding": "gzip"})
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "content-encoding" not in picture.headers
    assert (await built.head("/assets/index-abc123.js")).status_code == 200


OUTSIDE = (
    *("/../secret.js", "/..%2fsecret.js", "/%2e%2e/secret.js", "/%2e%2e%2fsecret.js", "/..%5csecret.js", "/x/../../secret.js"),
    *("/x%2f..%2f..%2fsecret.js", "//secret.js", "/%2fetc%2fpasswd.js", "//etc/passwd", "/..;/secret.js", "/\u2025/secret.js"),
    *("", "/", "/.", "/.hidden.js", "/index-abc123.js/", "/index-abc123.js%00.js", "/%ff.js", "/note.txt", "/index-abc123.js.gz"),
    "/" + "a" * 5000 + ".js",
)


@pytest.mark.parametrize("rest", OUTSIDE)
async def test_no_path_leads_out_of_the_folder(built: httpx2.AsyncClient, rest: str) -> None:
    # without a client that tidies the path up
    reader, writer = await asyncio.open_connection(built.base_url.host, built.base_url.port)
    writer.write(f"GET /assets{rest} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), answer
    assert b"outside" not in answer


@pytest.mark.parametrize("path", ["/", "/play/cats"])
async def test_a_server_without_the_dashboard_says_what_to_install(opened: tuple[httpx2.AsyncClient, Path], path: str) -> None:
    client, _ = opened
    answer = await client.get(path)
    assert answer.status_code == 200
    assert "needs Node 20 or newer" in answer.text
    assert "make dashboard" in answer.text
    assert 'href="/docs"' in answer.text
    assert not re.findall(r"(?:src|href|action|url)\s*[=(]\s*[\"']?(?:https?:)?//", answer.text)
    assert (await client.get("/nothing", headers=BROWSER)).status_code == 404
    assert (await client.get("/assets/index-abc123.js")).json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("br, GZIP ; q=1", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("xgzip", False),
    ],
)
def test_compression_is_up_to_the_browser(header: str, takes: bool) -> None:
    assert takes_gzip(header) == takes
