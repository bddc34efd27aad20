"""A spool holds bytes that come from elsewhere on this machine's disk, for as long as somebody needs them there."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from viewcomfy.files.draft import Draft
from viewcomfy.files.faults import disk_fault

STALE = 86_400.0
"""Seconds after which a temporary file can only be what a crash has left."""
BLOCK = 512 * 1024
"""The bytes that are gathered before they are written."""


class Spool:
    """A folder for temporary files, made when the first one comes. What a crash has left there goes when the next spool is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _remove_stale(folder)

    @asynccontextmanager
    async def hold(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[Path]:
        """Write the chunks to a file and yield its path; it is removed afterwards. Raises DiskFull, and what the chunks raise."""
        draft, path = Draft(self._folder), self._folder / secrets.token_hex(12)
        await _in_thread(partial(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True))
        try:
            await _write(draft, chunks, path)
            yield path
        finally:
            await asyncio.shield(asyncio.to_thread(_discard, draft, path))


async def _write(draft: Draft, chunks: AsyncIterable[bytes], path: Path) -> None:
    pending: list[bytes] = []
    gathered = 0
    async for chunk in chunks:
        pending.append(chunk)
        gathered += len(chunk)
        if gathered >= BLOCK:
            await _in_thread(draft.write, pending)
            pending, gathered = [], 0
    await _in_thread(_finish, draft, pending, path)


async def _in_thread(work: Callable[..., None], *args: object) -> None:
    try:
        await asyncio.to_thread(work, *args)
    except OSError as fault:
        raise disk_fault(fault) from fault


def _finish(draft: Draft, pending: list[bytes], path: Path) -> None:
    draft.write(pending)
    draft.finish(path)


def _discard(draft: Draft, path: Path) -> None:
    draft.abandon()
    path.unlink(missing_ok=True)


def _remove_stale(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # several processes may share the folder
            if path.stat().st_mtime < time.time() - STALE:
                path.unlink()
