"""Bytes from elsewhere lie on the disk for as long as they are needed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from viewcomfy.core.errors import InternalError
from viewcomfy.files.spool import Spool

pytestmark = pytest.mark.anyio


async def parts(*given: bytes) -> AsyncIterator[bytes]:
    for part in given:
        yield part


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_what_is_held_is_there_until_it_is_let_go(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "made" / "when needed")
    for content in (b"", b"x" * 2_000_000):
        async with spool.hold(parts(content[:7], content[7:])) as path:
            assert path.read_bytes() == content
            assert path.parent.stat().st_mode & 0o777 == 0o700
        assert not list(path.parent.iterdir())


async def test_who_goes_away_leaves_nothing(tmp_path: Path) -> None:
    written = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        written.set()
        await asyncio.Event().wait()

    async def hold() -> None:
        async with Spool(tmp_path).hold(endless()):
            raise AssertionError("it has no end")

    task = asyncio.create_task(hold())
    await written.wait()
    assert left(tmp_path)
    task.cancel()
    await asyncio.wait({task})
    assert not left(tmp_path)


async def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InternalError):
        async with Spool(tmp_path / "file" / "folder").hold(parts(b"x")):
            raise AssertionError("there is no place for it")


def test_what_a_crash_has_left_goes(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).write_bytes(b"x")
    os.utime(tmp_path / "old", (0, 0))
    Spool(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
