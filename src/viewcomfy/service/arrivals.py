"""Arrivals: bytes that come in by a link to write; what has arrived once never changes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, AsyncIterator

from viewcomfy.core.catalog_files import FOLDER as CATALOGS
from viewcomfy.core.errors import Conflict, TooLarge, UnknownFile
from viewcomfy.files.base import Files
from viewcomfy.service.links import WriteLink


async def take_in(files: Files, link: WriteLink, announced: int | None, chunks: AsyncIterable[bytes]) -> tuple[int, bool]:
    """Store the chunks where a link says; return how many bytes are there, and whether they are new.

    `announced` is how many bytes are said to come. The same bytes may come again: who sent them has perhaps not heard that they arrived.
    Raises TooLarge, Conflict where other bytes are there already, DiskFull, and what the chunks raise; nothing is stored then.
    """
    if announced is not None and announced > link.max_bytes:
        raise _too_large(link)
    arriving = _limited(chunks, link)
    try:
        size = await files.size(link.file_key)
    except UnknownFile:
        return await files.put(link.file_key, arriving), True
    await _compare(files, link, arriving)
    return size, False


async def _limited(chunks: AsyncIterable[bytes], link: WriteLink) -> AsyncIterator[bytes]:
    total = 0
    async for chunk in chunks:
        total += len(chunk)
        if total > link.max_bytes:
            raise _too_large(link)
        yield chunk


async def _compare(files: Files, link: WriteLink, arriving: AsyncIterable[bytes]) -> None:
    """Take the bytes in and throw them away. Raises Conflict where they are not those that are there."""
    sent = await _digest(arriving)
    if link.file_key.startswith(CATALOGS):  # named by what is in them: whoever came first has it right
        return
    if sent != await _digest(files.read(link.file_key)):
        raise Conflict("Another file is there already, and what has arrived once never changes.")


async def _digest(chunks: AsyncIterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


def _too_large(link: WriteLink) -> TooLarge:
    return TooLarge(f"The file is larger than {link.max_bytes:,} bytes.", hint="The server's setting is VIEWCOMFY_MAX_UPLOAD.")
