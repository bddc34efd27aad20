"""Pieces: bytes on their way, put together and cut to a useful size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from viewcomfy.core.errors import UnknownFile
from viewcomfy.files.faults import disk_fault
from viewcomfy.files.reader import Reader

BLOCK = 512 * 1024


async def first_piece(source: AsyncIterator[bytes], size: int) -> bytes:
    """Return at least `size` bytes, fewer only at the end."""
    parts: list[bytes] = []
    gathered = 0
    while gathered < size:
        part = await anext(source, None)
        if part is None:
            break
        parts.append(part)
        gathered += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def pieces_of(data: bytes, size: int) -> Iterator[bytes]:
    """Yield the data in pieces of at most `size` bytes."""
    if len(data) <= size:
        yield data
        return
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def file_pieces(path: Path) -> AsyncIterator[bytes]:
    """Yield the bytes of a local file. Raises UnknownFile where there is none."""
    reader = Reader(await asyncio.to_thread(path.resolve), 0)  # what a link points to
    try:
        while block := await asyncio.to_thread(reader.read, BLOCK):
            yield block
    except FileNotFoundError as fault:
        raise UnknownFile(f"The file {path.name[:200]!r} is no longer there.", details={"file": path.name[:200]}) from fault
    except OSError as fault:
        raise disk_fault(fault) from fault
    finally:
        reader.close()
