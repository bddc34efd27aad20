"""The map of which pack brings which node class: read with care, fetched where it can be, kept for when it can't."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from viewcomfy.core.durations import DAY
from viewcomfy.core.errors import BadInput
from viewcomfy.core.remedies import Pack
from viewcomfy.packs.node_map import NodeMap
from viewcomfy.packs.node_map_source import FILE, OFF, NodeMaps

pytestmark = pytest.mark.anyio

CORE = "https://github.com/comfyanonymous/ComfyUI"
UPSCALE = Pack("Upscale", "https://github.com/a/upscale")
FORK = Pack("Fork of upscale", "https://github.com/z/fork")
SUFFIX = Pack("Suffix", "https://github.com/s/suffix")


def listed(*entries: tuple[str, list[Any], dict[str, Any]]) -> bytes:
    return json.dumps({url: [classes, facts] for url, classes, facts in entries}).encode()


MAP = listed(
    (CORE, ["KSampler"], {"title_aux": "ComfyUI"}),
    (UPSCALE.url, ["Tile", "Upscale"], {"title_aux": "Upscale"}),
    (FORK.url, ["Tile", "Fork", "KSampler"], {"title_aux": "Fork of upscale"}),
    (SUFFIX.url, ["One"], {"title_aux": "Suffix", "nodename_pattern": " \\(suffix\\)$"}),
)


# --- reading ----------------------------------------------------------------------------------------------------------
def test_a_class_is_found_with_every_pack_that_names_it() -> None:
    assert NodeMap.parse(MAP).find(["Tile", "Nobody"])["Tile"].packs == (UPSCALE, FORK)
    assert NodeMap.parse(MAP).find(["Nobody"]) == {}


def test_the_pack_that_brings_more_of_what_is_missing_comes_first() -> None:
    assert NodeMap.parse(MAP).find(["Tile", "Fork"])["Tile"].packs == (FORK, UPSCALE)


def test_a_class_of_comfyui_itself_is_no_packs_matter() -> None:
    found = NodeMap.parse(MAP).find(["KSampler"])["KSampler"]
    assert (found.packs, found.built_in) == ((), True)


def test_a_pattern_finds_what_no_pack_names() -> None:
    assert NodeMap.parse(MAP).find(["Switch (suffix)"])["Switch (suffix)"].packs == (SUFFIX,)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/a/b; rm -rf ~",
        "https://github.com/a/$(id)",
        "git@github.com:a/b",
        "http://example.com/a/b",
        "https://raw.githubusercontent.com/a/b/main/node.py",
        "https://github.com/a/b\u200b",
    ],
)
def test_what_nobody_should_type_into_a_shell_is_left_out(url: str) -> None:
    data = listed((url, ["Evil"], {}), (UPSCALE.url, ["Tile"], {}))
    assert NodeMap.parse(data).find(["Evil"]) == {}


def test_odd_entries_spoil_nothing() -> None:
    entries = json.loads(MAP) | {
        "https://github.com/o/a": 7,
        "https://github.com/o/b": [[1, None, "Odd", ""], 3],
        "https://github.com/o/c": [],
    }
    found = NodeMap.parse(json.dumps(entries).encode()).find(["Odd", "Tile"])
    assert found["Odd"].packs == (Pack("b", "https://github.com/o/b"),)
    assert len(found["Tile"].packs) == 2


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa){5,}b", "a*a*a*b", "[", "(?=x)y", "x" * 500])
def test_a_pattern_that_might_take_for_ever_is_not_tried(pattern: str) -> None:
    data = listed((SUFFIX.url, ["One"], {"nodename_pattern": pattern}))
    assert NodeMap.parse(data).find(["a" * 300, "x" * 600]) == {}


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b"{}", b"[" * 200_000, b'{"a": 1}', b"\xff\xfe", b"x" * (33 * 2**20)])
def test_what_is_no_map_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        NodeMap.parse(data)


# --- fetching ---------------------------------------------------------------------------------------------------------
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def site(answer: Answer) -> AsyncIterator[tuple[str, list[int]]]:
    """Serve every request like this; yield the URL and the numbers of the requests that came."""
    asked: list[int] = []
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                asked.append(len(asked))
                await answer(writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/map.json", asked
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def whole(data: bytes, status: str = "200 OK") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
        await writer.drain()

    return answer


async def broken(writer: asyncio.StreamWriter) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(MAP)}\r\n\r\n".encode() + MAP[:50])
    await writer.drain()


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b" " * 2**20)
        await writer.drain()


@asynccontextmanager
async def running(maps: NodeMaps) -> AsyncIterator[NodeMaps]:
    run = asyncio.create_task(maps.run())
    try:
        yield maps
    finally:
        run.cancel()
        await asyncio.wait({run})


async def test_a_map_is_fetched_when_somebody_asks_and_kept(tmp_path: Path) -> None:
    async with site(whole(MAP)) as (url, asked), running(NodeMaps(url, tmp_path / "cache")) as maps:
        assert asked == []
        found = await maps.find(["Tile"], patience=10)
        assert found["Tile"].packs == (UPSCALE, FORK)
        assert (tmp_path / "cache" / FILE).read_bytes() == MAP
        again = NodeMaps(url, tmp_path / "cache")
        assert (await again.find(["Tile"]))["Tile"].packs == (UPSCALE, FORK)
        assert asked == [0]


async def test_an_old_map_answers_at_once_and_is_fetched_anew_meanwhile(tmp_path: Path) -> None:
    old = listed((FORK.url, ["Tile"], {"title": FORK.name}))
    (tmp_path / FILE).write_bytes(old)
    os.utime(tmp_path / FILE, (1, 1))
    async with site(whole(MAP)) as (url, asked):
        maps = NodeMaps(url, tmp_path)
        assert (await maps.find(["Tile"], patience=10))["Tile"].packs == (FORK,)
        await maps.refresh()
        assert (await maps.find(["Tile"]))["Tile"].packs == (UPSCALE, FORK)
        assert asked == [0]


@pytest.mark.parametrize("answer", [broken, endless, whole(b"<html>"), whole(b"gone", "404 Not Found")])
async def test_what_cannot_be_fetched_leaves_the_old_map_and_is_not_tried_again_soon(tmp_path: Path, answer: Answer) -> None:
    (tmp_path / FILE).write_bytes(MAP)
    os.utime(tmp_path / FILE, (1, 1))
    async with site(answer) as (url, asked):
        maps = NodeMaps(url, tmp_path)
        assert "Tile" in await maps.find(["Tile"])
        await maps.refresh()
        await maps.refresh()
        assert "Tile" in await maps.find(["Tile"])
        assert asked == [0]
        assert (tmp_path / FILE).read_bytes() == MAP


async def test_nobody_waits_long_for_a_map_that_does_not_come(tmp_path: Path) -> None:
    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with site(silent) as (url, _), running(NodeMaps(url, tmp_path)) as maps, asyncio.timeout(10):
        assert await maps.find(["Tile"], patience=0.1) == {}


async def test_a_map_is_refreshed_once_a_day(tmp_path: Path) -> None:
    now = [1_000_000.0]
    async with site(whole(MAP)) as (url, asked):
        maps = NodeMaps(url, tmp_path, clock=lambda: now[0])
        for _ in range(3):
            await maps.refresh()
        assert asked == [0]
        now[0] += DAY
        await maps.refresh()
        assert asked == [0, 1]


async def test_nothing_is_fetched_where_that_is_off(tmp_path: Path) -> None:
    async with running(NodeMaps(OFF, tmp_path, [Path(sys.executable)])) as maps, asyncio.timeout(1):
        assert await maps.find(["Tile"]) == {}


async def test_a_damaged_copy_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\x00" * 10)
    assert await NodeMaps(OFF, tmp_path).find(["Tile"]) == {}


async def test_without_the_site_the_package_is_looked_at_and_only_the_right_one_taken(tmp_path: Path) -> None:
    """The one interpreter is not there, and the pip of the other one downloads something else."""
    missing, other = tmp_path / "no-python", tmp_path / "python"
    other.write_text(f"#!{sys.executable}\nimport pathlib, sys\npathlib.Path(sys.argv[-2], 'map.whl').write_text('no wheel')\n")
    other.chmod(0o755)
    async with site(broken) as (url, _):
        maps = NodeMaps(url, tmp_path / "cache", [missing, other])
        await maps.refresh()
        assert await maps.find(["Tile"]) == {}
