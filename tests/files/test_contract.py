"""What every implementation of files does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from viewcomfy.core.errors import InvalidName, UnknownFile
from viewcomfy.files.base import Files

pytestmark = pytest.mark.anyio
BAD_KEYS = [
    "", "/", "/etc/passwd", "a//b", "a/", "../a", "a/../b", "a/..", "./a", "a/./b", "nul\0", "a/\0/b", "a\\b", "C:/x", "tab\t",
    ".tmp/x", "a/.tmp", "\ud800", "x" * 256, "/".join(["x" * 200] * 6),
]  # fmt: skip


async def chunks(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(files: Files, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([block async for block in files.read(key, start, end)])


async def test_what_was_put_can_be_read(files: Files) -> None:
    assert await files.put("jobs/1/out/1/cat.png", chunks([b"a", b"", b"bc"])) == 3
    assert await files.size("jobs/1/out/1/cat.png") == 3
    assert await read(files, "jobs/1/out/1/cat.png") == b"abc"


async def test_an_empty_file_is_a_file(files: Files) -> None:
    assert await files.put("empty", chunks([])) == 0
    assert await files.size("empty") == 0
    assert await read(files, "empty") == b""


async def test_a_large_file_comes_back_in_bounded_blocks(files: Files) -> None:
    part = bytes(range(256)) * 1024
    assert await files.put("large", chunks([part] * 40)) == 40 * len(part)
    blocks = [block async for block in files.read("large")]
    assert b"".join(blocks) == part * 40
    assert max(map(len, blocks)) <= 1024 * 1024


@given(start=st.integers(0, 3000), length=st.integers(0, 3000) | st.none())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_range_is_that_slice(files: Files, start: int, length: int | None) -> None:
    content = bytes(i % 251 for i in range(2000))
    await files.put("slice", chunks([content]))
    end = None if length is None else start + length
    assert await read(files, "slice", start, end) == content[start:end]


async def test_a_range_across_blocks_is_that_slice(files: Files) -> None:
    content = bytes(i % 251 for i in range(3_000_000))
    await files.put("slice", chunks([content]))
    assert await read(files, "slice", 500_000, 2_500_001) == content[500_000:2_500_001]


async def test_putting_again_replaces_and_does_not_disturb_a_reader(files: Files, behind: Files) -> None:
    old, new = b"o" * 2_000_000, b"n" * 10
    await files.put("key", chunks([old]))
    reader = files.read("key")
    got = [await anext(reader)]
    await behind.put("key", chunks([new]))
    got += [block async for block in reader]
    assert b"".join(got) == old
    assert await read(files, "key") == new


async def test_a_put_that_fails_leaves_nothing_behind(files: Files, behind: Files) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        raise ValueError("the caller has gone")

    with pytest.raises(ValueError, match="gone"):
        await files.put("key", broken())
    with pytest.raises(UnknownFile):
        await files.size("key")
    assert await behind.usage() == 0


async def test_a_put_that_is_canceled_leaves_nothing_behind(files: Files, behind: Files) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000
            begun.set()

    task = asyncio.create_task(files.put("key", endless()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(UnknownFile):
        await files.size("key")
    assert await behind.usage() == 0


async def test_a_large_put_that_is_canceled_leaves_nothing_behind(files: Files, behind: Files) -> None:
    under_way = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for number in itertools.count():
            yield b"x" * 1_000_000
            if number == 14:
                under_way.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(files.put("key", endless()))
    await under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(UnknownFile):
        await files.size("key")
    assert await behind.usage() == 0


async def test_half_a_file_is_never_seen(files: Files) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        with pytest.raises(UnknownFile):
            await files.size("key")
        yield b"y"

    assert await files.put("key", slow()) == 2_000_001


async def test_a_local_file_can_be_put(files: Files, tmp_path: Path) -> None:
    source = tmp_path / "made.png"
    source.write_bytes(b"picture")
    assert await files.put_file("jobs/1/a.png", source) == 7
    source.unlink()  # ComfyUI's copy may go
    assert await read(files, "jobs/1/a.png") == b"picture"


async def test_a_local_file_can_be_put_again(files: Files, behind: Files, tmp_path: Path) -> None:
    source = tmp_path / "made.png"
    source.write_bytes(b"picture")
    for _ in range(2):
        assert await files.put_file("jobs/1/a.png", source) == 7
    assert source.read_bytes() == b"picture"
    assert await behind.usage() == 7


async def test_a_local_file_that_is_a_link_is_put_as_what_it_points_to(files: Files, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    await files.put_file("key", link)
    link.unlink()
    link.symlink_to("/etc/hostname")
    assert await read(files, "key") == b"old"


async def test_a_local_file_that_is_absent_is_unknown(files: Files, tmp_path: Path) -> None:
    with pytest.raises(UnknownFile):
        await files.put_file("key", tmp_path / "nothing")


async def test_bytes_are_at_hand_for_as_long_as_they_are_needed(files: Files) -> None:
    await files.put("jobs/1/a", chunks([b"here" * 500_000]))
    async with files.at_hand("jobs/1/a") as path:
        assert path.read_bytes() == b"here" * 500_000
    assert await files.size("jobs/1/a") == 2_000_000
    with pytest.raises(UnknownFile):
        async with files.at_hand("jobs/2/a"):
            raise AssertionError("there is nothing to have at hand")


@pytest.mark.parametrize("size", [0, 5, 12_000_000])
async def test_a_copy_is_a_file_of_its_own(files: Files, behind: Files, size: int) -> None:
    await files.put("jobs/1/in/a", chunks([b"x" * size]))
    assert await files.copy("jobs/1/in/a", "jobs/2/in/a") == size
    await behind.put("jobs/2/in/a", chunks([b"other"]))  # a link lets each key be written once
    assert await files.size("jobs/1/in/a") == size
    await behind.copy("jobs/1/in/a", "jobs/2/in/a")
    await behind.remove("jobs/1/")
    assert len(await read(files, "jobs/2/in/a")) == size


async def test_what_is_absent_can_not_be_copied(files: Files) -> None:
    with pytest.raises(UnknownFile, match="jobs/1/a"):
        await files.copy("jobs/1/a", "jobs/2/a")
    with pytest.raises(UnknownFile):
        await files.size("jobs/2/a")


@pytest.mark.parametrize("key", ["nothing", "a/b/c", "jobs", "jobs/1/a/below"])
async def test_an_absent_key_is_unknown(files: Files, key: str) -> None:
    await files.put("jobs/1/a", chunks([b"x"]))
    with pytest.raises(UnknownFile):
        await files.size(key)
    with pytest.raises(UnknownFile):
        await read(files, key)


async def test_removing_takes_a_folder_and_not_its_neighbour(files: Files, behind: Files) -> None:
    for key in ("jobs/1/in/a", "jobs/1/out/1/b", "jobs/10/c", "jobs/2"):
        await files.put(key, chunks([b"12345"]))
    assert await behind.usage() == 20
    assert (await behind.usage("jobs/1/"), await behind.usage("absent/")) == (10, 0)
    assert await behind.remove("jobs/1/") == 10
    assert await behind.remove("jobs/1") == 0
    assert await behind.usage() == 10
    assert await read(files, "jobs/10/c") == b"12345"
    assert await behind.remove("jobs/2") == 5
    await files.put("jobs/1/in/a", chunks([b"again"]))
    assert await read(files, "jobs/1/in/a") == b"again"


async def test_a_key_below_another_is_refused_or_another(files: Files, behind: Files) -> None:
    await files.put("a", chunks([b"x"]))
    try:
        await files.put("a/b", chunks([b"yz"]))
    except InvalidName:
        assert await behind.usage() == 1
    else:
        assert await read(files, "a/b") == b"yz"
    assert await read(files, "a") == b"x"


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_a_bad_key_is_refused_everywhere(files: Files, behind: Files, key: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    with pytest.raises(InvalidName):
        await files.put(key, chunks([b"x"]))
    with pytest.raises(InvalidName):
        await files.put_file(key, source)
    with pytest.raises(InvalidName):
        await files.size(key)
    with pytest.raises(InvalidName):
        await read(files, key)
    with pytest.raises(InvalidName):
        async with files.at_hand(key):
            pass
    await files.put("good", chunks([b"x"]))
    with pytest.raises(InvalidName):
        await files.copy("good", key)
    with pytest.raises(InvalidName):
        await files.copy(key, "other")
    await behind.remove("good")
    with pytest.raises(InvalidName):
        await behind.remove(key if key != "a/" else "//")
    assert await behind.usage() == 0


@given(key=st.text(st.sampled_from("ab./\\\0~:%ä\u202e\ud800") | st.characters(), max_size=40))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_key_escapes(files: Files, behind: Files, key: str, tmp_path: Path) -> None:
    try:
        await files.put(key, chunks([b"x"]))
    except InvalidName:
        return
    async with files.at_hand(key) as path:
        assert path.resolve().is_relative_to(tmp_path)
    assert await read(files, key) == b"x"
    await behind.remove(key)


async def test_many_at_once_do_not_mix(files: Files, behind: Files) -> None:
    async def one(number: int) -> None:
        content = [bytes([number]) * 5000] * 300
        await files.put(f"jobs/{number}/a", chunks(content))
        assert await read(files, f"jobs/{number}/a") == b"".join(content)
        await behind.remove(f"jobs/{number}")

    async with asyncio.TaskGroup() as group:
        for number in range(12):
            group.create_task(one(number))
    assert await behind.usage() == 0
