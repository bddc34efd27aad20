"""What only files in a folder can do, or suffer from."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from viewcomfy.core.errors import DiskFull, InternalError
from viewcomfy.files.local import LocalFiles, _meaning

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024


async def repeat(part: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield part


async def test_a_put_file_is_a_hard_link_where_that_is_possible(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "files")
    source = tmp_path / "a"
    source.write_bytes(b"x")
    await files.put_file("jobs/1/a", source)
    async with files.at_hand("jobs/1/a") as path:
        assert path.samefile(source)


async def test_a_file_under_several_keys_counts_once(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "files")
    path = tmp_path / "shared"
    path.write_bytes(b"x" * 1000)
    for number in range(3):
        await files.put_file(f"jobs/{number}/in/shared", path)
    assert await files.usage() == 1000
    await files.remove("jobs/0/")
    path.unlink()
    assert await files.usage("jobs/") == 1000
    assert [await files.size(f"jobs/{number}/in/shared") for number in (1, 2)] == [1000, 1000]


async def test_files_are_there_after_a_restart_and_old_drafts_are_not(tmp_path: Path) -> None:
    await LocalFiles(tmp_path).put("jobs/1/a", repeat(b"x", 3))
    stale, recent = tmp_path / ".tmp" / "stale", tmp_path / ".tmp" / "recent"
    for draft in (stale, recent):
        draft.write_bytes(b"half")
    os.utime(stale, (time.time() - 100_000,) * 2)
    files = LocalFiles(tmp_path)
    assert await files.size("jobs/1/a") == 3
    assert not stale.exists()
    assert recent.exists()


@contextmanager
def limited_file_size(limit: int) -> Iterator[None]:
    """Make this process unable to write past `limit` bytes of a file, the nearest thing to a full disk without one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def everything_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_file_that_can_not_be_written_to_its_end_leaves_nothing_behind(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    with limited_file_size(MIB), pytest.raises(InternalError):
        await files.put("key", repeat(bytes(MIB), 3))
    assert everything_below(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_has_its_own_error() -> None:
    with pytest.raises(OSError, match="No space") as fault, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert isinstance(_meaning("key", fault.value), DiskFull)


def memory() -> int:
    """Return the resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
async def test_a_large_file_does_not_live_in_memory(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    await files.put("warm", repeat(bytes(MIB), 4))
    before = memory()
    await files.put("large", repeat(bytes(MIB), 100))
    total = most = 0
    async for block in files.read("large"):
        total += len(block)
        most = max(most, memory())
    assert total == 100 * MIB
    assert most - before < 16 * MIB


def test_a_draft_that_another_process_removes_meanwhile_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / ".tmp").mkdir()
    (tmp_path / ".tmp" / "gone").symlink_to("nowhere")  # listed, and not there any more when it is looked at
    LocalFiles(tmp_path)
