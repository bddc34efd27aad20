"""Outputs by signed link."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.server.site_kit import Site
from viewcomfy.core.outputs import Output
from viewcomfy.server.routes.files import content_disposition

pytestmark = pytest.mark.anyio

DATA = bytes(range(256)) * 1000


@pytest.fixture
async def url(site: Site) -> str:
    return await link(site, "cat.png", "image/png")


async def link(site: Site, filename: str, content_type: str, data: bytes = DATA) -> str:
    """Keep a file and return a signed link to it."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    key = f"jobs/test/out/1/{filename}"
    await site.services.files.put(key, chunks())
    return f"/files/{site.services.links.sign(Output(filename, content_type, len(data), key))[0]}"


async def test_the_link_of_an_output_answers_without_headers(site: Site) -> None:
    job = await site.finished((await site.run("picture", {"1-inputs-color": 1}))["prompt_id"])
    (output,) = job["outputs"]
    answer = await site.http.get(output["url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert int(answer.headers["content-length"]) == output["size"] == len(answer.content)
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=1000-", 1000, None), ("bytes=-5", -5, None), ("bytes=7-200000", 7, 200001)],
)
async def test_a_range_answers_206_with_its_bytes(site: Site, url: str, header: str, start: int, end: int | None) -> None:
    answer = await site.http.get(url, headers={"Range": header})
    assert answer.status_code == 206
    assert answer.content == DATA[start:end]
    begin = start % len(DATA)
    assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(answer.content) - 1}/{len(DATA)}"


async def test_a_range_beyond_the_end_answers_416_and_the_size(site: Site, url: str) -> None:
    answer = await site.http.get(url, headers={"Range": "bytes=256000-"})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */256000"


async def test_a_range_of_another_version_gives_the_whole(site: Site, url: str) -> None:
    etag = (await site.http.head(url)).headers["etag"]
    assert (await site.http.get(url, headers={"Range": "bytes=0-1", "If-Range": etag})).status_code == 206
    assert (await site.http.get(url, headers={"Range": "bytes=0-1", "If-Range": '"old"'})).status_code == 200


async def test_what_the_client_has_is_not_sent_again(site: Site, url: str) -> None:
    etag = (await site.http.get(url)).headers["etag"]
    answer = await site.http.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_head_tells_everything_but_the_bytes(site: Site, url: str) -> None:
    answer = await site.http.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["accept-ranges"] == "bytes"


async def test_an_empty_file_is_a_file(site: Site) -> None:
    answer = await site.http.get(await link(site, "empty.txt", "text/plain", b""))
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
async def test_what_could_run_scripts_is_never_shown_in_place(site: Site, content_type: str) -> None:
    answer = await site.http.get(await link(site, "x.bin", content_type, b"<script>"))
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_forged_link_answers_403(site: Site, url: str) -> None:
    changed = f"{url[:-2]}{'A' if url[-2] != 'A' else 'B'}{url[-1]}"  # not the last letter: some of its bits mean nothing
    for forged in ("/files/x", changed, "/files/%00", "/files/" + "a" * 3000):
        answer = await site.http.get(forged)
        assert (answer.status_code, answer.json()["code"]) == (403, "link_invalid")


async def test_a_file_that_was_removed_answers_404(site: Site) -> None:
    url = await link(site, "gone.png", "image/png")
    await site.services.files.remove("jobs/test/out/1/")
    answer = await site.http.get(url)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_file")


def test_any_file_name_makes_a_header_of_ascii() -> None:
    value = content_disposition("inline", 'Kä"se\\ \r\n%41 \U0001f600.png')
    assert value.isascii()
    assert value.isprintable()
    assert value.endswith("filename*=UTF-8''K%C3%A4%22se%5C%20%0D%0A%2541%20%F0%9F%98%80.png")
