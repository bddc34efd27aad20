"""A draft is a file that is being written: out of sight until it is whole."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

BLOCK = 512 * 1024
"""The bytes that are gathered before they are written."""
STALE = 86_400.0
"""Seconds after which a draft can only be what a crash has left."""


class Draft:
    """A file below a folder for drafts. Its methods block, and may be called on any thread.

    After `abandon` nothing is left of it, also when that overtakes a write which another thread has been asked for.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / secrets.token_hex(8)
        self._file: BinaryIO | None = None
        self._lock = threading.Lock()
        self._abandoned = False

    def write(self, chunks: Iterable[bytes]) -> None:
        """Append the chunks."""
        with self._lock:
            if self._abandoned:
                return
            if self._file is None:
                self._file = self._path.open("xb", buffering=0)
            for chunk in chunks:
                view = memoryview(chunk)
                while view:  # an unbuffered write may be short
                    view = view[self._file.write(view) :]

    def finish(self, target: Path) -> None:
        """Make what was written appear at a path, in place of what is there."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            if not self._abandoned:
                _move(self._path, target)

    def take(self, source: Path) -> int:
        """Become a hard link to a file, or a copy where that can't be; return its number of bytes."""
        real = os.path.realpath(source)  # a link to a symbolic link would point to what may change
        with self._lock:
            if self._abandoned:
                return 0
            try:
                os.link(real, self._path)
            except OSError:  # another file system, or one without hard links
                shutil.copyfile(real, self._path)
            return self._path.stat().st_size

    def abandon(self) -> None:
        """Remove what was written and not finished."""
        with self._lock:
            self._abandoned = True
            if self._file is not None:
                self._file.close()
            self._path.unlink(missing_ok=True)


async def fill(draft: Draft, chunks: AsyncIterable[bytes], target: Path, in_thread: Callable[..., Awaitable[object]]) -> int:
    """Write the chunks to a draft, have it appear at a path and return their number of bytes; `in_thread` runs what blocks."""
    pending: list[bytes] = []
    gathered = size = 0
    async for chunk in chunks:
        pending.append(chunk)
        gathered += len(chunk)
        if gathered >= BLOCK:
            size += gathered
            await in_thread(draft.write, pending)
            pending, gathered = [], 0
    await in_thread(_finish, draft, pending, target)
    return size + gathered


def remove_stale(folder: Path) -> None:
    """Remove what a crash has left in a folder for drafts, where there is one."""
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # several processes may share the folder
            if path.stat().st_mtime < time.time() - STALE:
                path.unlink()


def _finish(draft: Draft, pending: list[bytes], target: Path) -> None:
    draft.write(pending)
    draft.finish(target)


def _move(path: Path, target: Path) -> None:
    for _ in range(3):  # the folder may be removed at the same time, with the rest of its job
        try:
            path.replace(target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
        else:
            return
    path.replace(target)
