"""A spool holds bytes that come from elsewhere on this machine's disk, for as long as somebody needs them there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from viewcomfy.files.draft import Draft, fill, remove_stale
from viewcomfy.files.faults import disk_fault


class Spool:
    """A folder for temporary files, made when the first one comes. What a crash has left there goes when the next spool is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        remove_stale(folder)

    @asynccontextmanager
    async def hold(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[Path]:
        """Write the chunks to a file and yield its path; it is removed afterwards. Raises DiskFull, and what the chunks raise."""
        draft, path = Draft(self._folder), self._folder / secrets.token_hex(12)
        await _in_thread(partial(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True))
        try:
            await fill(draft, chunks, path, _in_thread)
            yield path
        finally:
            await asyncio.shield(asyncio.to_thread(_discard, draft, path))


async def _in_thread(work: Callable[..., None], *args: object) -> None:
    try:
        await asyncio.to_thread(work, *args)
    except OSError as fault:
        raise disk_fault(fault) from fault


def _discard(draft: Draft, path: Path) -> None:
    draft.abandon()
    path.unlink(missing_ok=True)
