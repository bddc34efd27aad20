"""Files that come in with a request lie in the tmp folder, written in bounded pieces, until the request is done with them."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from viewcomfy.core.errors import DiskFull, InternalError, ViewComfyError

T = TypeVar("T")

BUFFER = 256 * 1024
"""Bytes gathered before they are written, off the event loop; a file that is shorter is written at once."""
PREFIX = "upload-"


class SpoolFile:
    """A temporary file that only we can read. `append` never waits; `drain` must be called now and then."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{PREFIX}{secrets.token_hex(16)}"
        self.size = 0
        self._buffer = bytearray()
        self._file_descriptor: int | None = None

    def append(self, data: bytes) -> None:
        """Take bytes for the file."""
        self._buffer += data
        self.size += len(data)

    async def drain(self) -> None:
        """Write what has been taken if it is much. Raises DiskFull."""
        if len(self._buffer) >= BUFFER:
            await to_thread_to_the_end(self._write)

    def finish(self) -> None:
        """Write the rest and close the file. Raises DiskFull."""
        self._write()
        self._close()

    def discard(self) -> None:
        """Remove the file."""
        self._close()
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        try:
            if self._file_descriptor is None:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file_descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with memoryview(self._buffer) as rest:
                written = 0
                while written < len(rest):
                    written += os.write(self._file_descriptor, rest[written:])
        except OSError as fault:
            raise _error_for(fault) from fault
        self._buffer.clear()

    def _close(self) -> None:
        if self._file_descriptor is not None:
            os.close(self._file_descriptor)
            self._file_descriptor = None


async def to_thread_to_the_end(work: Callable[[], T]) -> T:
    """Work in a thread; a cancel waits until the thread has ended, so that nothing is pulled from under it."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


def _error_for(fault: OSError) -> ViewComfyError:
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The server's disk is full, so the file could not be taken.", hint="The owner of the server must make room.")
    return InternalError(f"The server could not keep the file ({fault.strerror}).")
