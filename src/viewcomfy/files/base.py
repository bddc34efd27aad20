"""The files protocol: put, read, link and remove bytes under keys such as `jobs/<prompt_id>/out-1-cat.png`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """Bytes under keys, on this machine or on others.

    No method holds a whole file in memory. A key that is absent raises UnknownFile, a full disk DiskFull, one that can't be a key
    InvalidName; where the bytes lie elsewhere and can't be reached, every method raises ServerUnavailable after some tries.
    """

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> int:
        """Store the chunks under a key and return their number of bytes; the key appears only when all of them are there."""
        raise NotImplementedError

    async def put_file(self, key: str, path: Path) -> int:
        """Store a local file under a key, by a hard link where that is possible, and return its number of bytes."""
        raise NotImplementedError

    async def size(self, key: str) -> int:
        """Return the number of bytes under a key."""
        raise NotImplementedError

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from start (included) to end (excluded)."""
        raise NotImplementedError

    async def copy(self, source_key: str, key: str) -> int:
        """Have the bytes of one key under another as well, and return their number; later changes to either leave the other alone."""
        raise NotImplementedError

    def at_hand(self, key: str) -> AbstractAsyncContextManager[Path]:
        """Yield a path with the bytes on this machine, to read or to link to: the file itself, or a copy that goes afterwards."""
        raise NotImplementedError

    async def sign(self, key: str, verb: str, seconds: float) -> str | None:
        """Return a URL of the store's own where a GET reads, or a PUT writes, for so many seconds; None where there is no such thing."""

    async def remove(self, prefix: str) -> int:
        """Remove every key below a prefix and return how many bytes that freed."""
        raise NotImplementedError

    async def usage(self, prefix: str = "") -> int:
        """Return how many bytes are stored below a prefix, in all without one."""
        raise NotImplementedError
