"""Files in the cloud: in a bucket of S3, Google Cloud Storage or Azure, through obstore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError

from viewcomfy.core.errors import UnknownFile
from viewcomfy.core.outputs import content_type_of
from viewcomfy.files.cloud_faults import cloud_fault
from viewcomfy.files.cloud_feed import Feed
from viewcomfy.files.keys import key_parts
from viewcomfy.files.pieces import file_pieces, first_piece, pieces_of
from viewcomfy.files.spool import Spool

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import ObjectStore

T = TypeVar("T")

PART = 5 * 1024 * 1024
"""Bytes that are sent at once: S3's smallest part. A smaller file is one request; 10,000 parts are 50 GB."""
PARTS_AT_ONCE = 3
BLOCK = 512 * 1024
"""The bytes that are asked of a stream at a time; what is yielded has at most twice as many."""
PAGE = 1000
"""Keys of one listing, and of one bulk delete: as many as S3 has."""
LARGEST_COPY = 5 * 1000**3
"""Bytes that S3 copies by itself."""
READ_TRIES = 4
"""How often a read goes on where its connection broke before anything more has come."""
ABANDON_SECONDS = 15.0
"""How long somebody who goes away waits for what they had begun to be taken back."""
MAX_SIGNED = 7 * 86_400.0
_FAULTS = (BaseError, OSError, ValueError)


class CloudFiles:
    """Bytes below a prefix of a bucket, which `store` is bound to. `where` names it in messages, `folder` takes temporary files."""

    def __init__(self, store: ObjectStore, folder: Path, where: str) -> None:
        self._store = store
        self._spool = Spool(folder / "spool")
        self._where = where

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> int:
        """Store the chunks under a key and return their number of bytes; the key appears only when all of them are there."""
        _check(key)
        source = aiter(chunks)
        head = await first_piece(source, PART)
        attributes = {"Content-Type": content_type_of(key.rpartition("/")[2])}
        if len(head) < PART:
            await self._write(key, obstore.put_async(self._store, key, head, attributes=attributes, use_multipart=False))
            return len(head)
        return await self._put_parts(key, head, source, attributes)

    async def put_file(self, key: str, path: Path) -> int:
        """Store a local file under a key and return its number of bytes."""
        _check(key)
        return await self.put(key, file_pieces(path))

    async def size(self, key: str) -> int:
        """Return the number of bytes under a key."""
        _check(key)
        return (await self._ask(key, obstore.head_async(self._store, key)))["size"]

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from start (included) to end (excluded); goes on where a connection breaks."""
        _check(key)
        tag, tries = None, READ_TRIES
        while True:
            result = await self._open(key, start, end, tag)
            if result is None:
                return
            tag = result.meta["e_tag"]
            try:
                async for block in result.stream(min_chunk_size=BLOCK):
                    for piece in pieces_of(block, 2 * BLOCK):
                        yield piece
                        start, tries = start + len(piece), READ_TRIES
            except _FAULTS as fault:
                tries -= 1
                if not tries:
                    raise cloud_fault(fault, self._where, key, reading=True) from _safe(fault)
            else:
                return

    async def copy(self, source_key: str, key: str) -> int:
        """Have the bytes of one key under another as well, and return their number; they stay in the cloud."""
        _check(key)
        size = await self.size(source_key)
        if size > LARGEST_COPY:
            return await self.put(key, self.read(source_key))
        await self._write(source_key, obstore.copy_async(self._store, source_key, key), reading=True)
        return size

    def at_hand(self, key: str) -> AbstractAsyncContextManager[Path]:
        """Yield the path of a copy in the folder for temporary files, which goes afterwards."""
        return self._spool.hold(self.read(key))

    async def remove(self, prefix: str) -> int:
        """Remove every key below a prefix (whole folders, or one key) and return how many bytes that freed."""
        folder = prefix.removesuffix("/")
        _check(folder)
        freed = 0 if prefix != folder else await self._remove_one(folder)
        async for page in self._pages(folder):
            await self._write(folder, obstore.delete_async(self._store, [meta["path"] for meta in page]))
            freed += sum(meta["size"] for meta in page)
        return freed

    async def usage(self, prefix: str = "") -> int:
        """Return how many bytes are stored below a prefix (whole folders), in all without one: one request for a thousand files."""
        folder = prefix.removesuffix("/")
        if folder:
            _check(folder)
        return sum([meta["size"] async for page in self._pages(folder) for meta in page])

    async def sign(self, key: str, verb: str, seconds: float) -> str | None:
        """Return a URL of the bucket's own that works for one verb without our credentials, for so many seconds (at most 7 days)."""
        _check(key)
        store: Any = self._store  # which of them can sign is known only where it is made
        method: Any = verb
        return await self._ask(key, obstore.sign_async(store, method, key, timedelta(seconds=min(seconds, MAX_SIGNED))))

    async def _put_parts(self, key: str, head: bytes, source: AsyncIterator[bytes], attributes: dict[str, str]) -> int:
        """Store in parts what is larger than one. An upload that does not come to its end is taken back as a whole."""
        feed = Feed()
        options: Any = {"attributes": attributes, "use_multipart": True, "chunk_size": PART, "max_concurrency": PARTS_AT_ONCE}
        upload = asyncio.ensure_future(obstore.put_async(self._store, key, feed, **options))
        upload.add_done_callback(lambda _: feed.close())
        try:
            size = await _fill(feed, head, source)
        except BaseException:
            feed.abandon()
            await _settled(upload)
            raise
        await self._write(key, upload)
        return size

    async def _open(self, key: str, start: int, end: int | None, tag: str | None) -> GetResult | None:
        """Return what answers with a part of a file, None where there are no bytes in it. `tag`: of this version only."""
        if end is not None and end <= start:
            await self.size(key)
            return None
        options: GetOptions = {"if_match": tag} if tag else {}
        if start or end is not None:
            options["range"] = {"offset": start} if end is None else (start, end)
        try:
            return await obstore.get_async(self._store, key, options=options)
        except _FAULTS as fault:
            if "range" in options and not isinstance(fault, FileNotFoundError) and await self.size(key) <= start:
                return None
            raise cloud_fault(fault, self._where, key, reading=True) from _safe(fault)

    async def _remove_one(self, key: str) -> int:
        try:
            size = await self.size(key)
        except UnknownFile:
            return 0
        await self._write(key, obstore.delete_async(self._store, [key]))
        return size

    async def _pages(self, folder: str) -> AsyncIterator[list[Any]]:
        listing = obstore.list(self._store, folder or None, chunk_size=PAGE)
        while True:
            try:
                page = await anext(listing)
            except StopAsyncIteration:
                return
            except _FAULTS as fault:
                raise cloud_fault(fault, self._where, folder, reading=False) from _safe(fault)
            yield list(page)

    async def _ask(self, key: str, asking: Awaitable[T], *, reading: bool = True) -> T:
        try:
            return await asking
        except _FAULTS as fault:
            raise cloud_fault(fault, self._where, key, reading=reading) from _safe(fault)

    async def _write(self, key: str, writing: Awaitable[object], *, reading: bool = False) -> None:
        """Wait for a change, also where the caller goes away: what comes after must not be overtaken by it."""
        change = asyncio.ensure_future(writing)
        try:
            await self._ask(key, asyncio.shield(change), reading=reading)
        except asyncio.CancelledError:
            await _settled(change)
            raise


def _check(key: str) -> None:
    key_parts(key)


async def _fill(feed: Feed, head: bytes, source: AsyncIterator[bytes]) -> int:
    """Hand everything over and return its number of bytes."""
    await feed.send(head)
    size = len(head)
    while not feed.is_closed and (block := await first_piece(source, BLOCK)):
        size += len(block)
        await feed.send(block)
    await feed.send(None)
    return size


async def _settled(change: asyncio.Future[Any]) -> None:
    """Wait until something has ended in one way or the other, for a while."""
    await asyncio.wait({change}, timeout=ABANDON_SECONDS)
    if change.done():
        change.exception()  # which nobody is there to hear of
    else:
        change.cancel()


def _safe(fault: Exception) -> Exception | None:
    """Return a fault to name as the cause; none where its text has a signature in it."""
    text = str(fault).lower()
    return None if "sig=" in text or "signature=" in text else fault
