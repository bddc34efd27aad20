"""The files protocol: put, read, link and remove bytes under keys such as `jobs/<prompt_id>/out-1-cat.png`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """Bytes under keys. No method holds a whole file in memory; a key that is absent raises UnknownFile, a full disk DiskFull."""

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

    def local_path(self, key: str) -> Path | None:
        """Return where the bytes lie on this machine, or None when they do not."""

    async def remove(self, prefix: str) -> int:
        """Remove every key below a prefix and return how many bytes that freed."""
        raise NotImplementedError

    async def usage(self, prefix: str = "") -> int:
        """Return how many bytes are stored below a prefix, in all without one."""
        raise NotImplementedError
