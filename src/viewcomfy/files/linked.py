"""Files by signed links: what a worker reaches that has no access to the place where they lie."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx2

from viewcomfy.core.errors import LinkInvalid, ServerUnavailable, UnknownFile, ViewComfyError
from viewcomfy.files.keys import key_parts
from viewcomfy.files.linked_faults import is_passing, link_fault
from viewcomfy.files.pieces import file_pieces, pieces_of
from viewcomfy.files.spool import Spool

Ask = Callable[[str, str], Awaitable[str]]
"""Takes a key and a verb, GET or PUT; returns a URL, or raises a ViewComfyError."""

BLOCK = 512 * 1024
PATIENCE = 60.0
"""Seconds for which something is tried again while nothing of it works: a server that starts again, or another that takes over."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
TIMEOUT = httpx2.Timeout(60.0, connect=5.0)
_TOTAL = re.compile(r"bytes (?:\d+-\d+|\*)/(\d+)\Z")


class LinkedFiles:
    """Bytes by links that `ask` returns, over `http`; `folder` takes temporary files.

    A broken connection is taken up again where it broke, an expired link asked for again. Nothing can be counted or removed this way.
    """

    def __init__(self, ask: Ask, http: httpx2.AsyncClient, folder: Path, *, patience: float = PATIENCE) -> None:
        self._ask = ask
        self._http = http
        self._spool = Spool(folder / "spool")
        self._patience = patience

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> int:
        """Store the chunks under a key, by way of a temporary file: how many they are must be known, and they may be sent twice."""
        key_parts(key)
        async with self._spool.hold(chunks) as path:
            return await self.put_file(key, path)

    async def put_file(self, key: str, path: Path) -> int:
        """Store a local file under a key and return its number of bytes. Raises TooLarge, Conflict where another is there already."""
        key_parts(key)
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
        except FileNotFoundError as fault:
            raise UnknownFile(f"The file {path.name[:200]!r} is no longer there.", details={"file": path.name[:200]}) from fault
        tries = _Tries(self._patience)
        while True:
            try:
                await self._send(key, path, size)
            except (httpx2.TransportError, ViewComfyError) as fault:
                await tries.next(key, fault)
            else:
                return size

    async def size(self, key: str) -> int:
        """Return the number of bytes under a key."""
        tries = _Tries(self._patience)
        while True:
            try:
                async with self._got(key, "bytes=0-0") as answer:
                    return _total(answer)
            except (httpx2.TransportError, ViewComfyError) as fault:
                await tries.next(key, fault)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from start (included) to end (excluded); goes on where a connection breaks."""
        if end is not None and end <= start:
            await self.size(key)
            return
        tries = _Tries(self._patience)
        while True:
            try:
                async with self._got(key, _range(start, end)) as answer:
                    if answer.status_code == 416:  # beyond the end
                        return
                    async for block in _body(answer, start, end):
                        yield block
                        start += len(block)
                        tries = _Tries(self._patience)
            except (httpx2.TransportError, ViewComfyError) as fault:
                await tries.next(key, fault)
            else:
                return

    async def copy(self, source_key: str, key: str) -> int:
        """Have the bytes of one key under another as well, and return their number; they come here and go back."""
        key_parts(key)
        return await self.put(key, self.read(source_key))

    def at_hand(self, key: str) -> AbstractAsyncContextManager[Path]:
        """Yield the path of a copy in the folder for temporary files, which goes afterwards."""
        return self._spool.hold(self.read(key))

    async def sign(self, key: str, verb: str, seconds: float) -> str | None:
        """Return None: whoever has only links has none to give away."""

    async def remove(self, prefix: str) -> int:
        """Remove nothing: that is for those who have the files themselves."""
        key_parts(prefix.removesuffix("/"))
        return 0

    async def usage(self, prefix: str = "") -> int:
        """Return 0: nobody who has only links can count."""
        if prefix:
            key_parts(prefix.removesuffix("/"))
        return 0

    async def _send(self, key: str, path: Path, size: int) -> None:
        url = await self._ask(key, "PUT")
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        if ".blob.core." in url:  # Azure wants to be told what it is
            headers["x-ms-blob-type"] = "BlockBlob"
        answer = await self._http.put(url, content=_bodied(path, size), headers=headers, timeout=TIMEOUT)
        if answer.status_code >= 300:
            raise link_fault(answer.status_code, answer.content, key)

    @asynccontextmanager
    async def _got(self, key: str, part: str | None) -> AsyncIterator[httpx2.Response]:
        """Yield the answer to a request to read: 200, 206, or 416 where the file ends before the part begins."""
        key_parts(key)
        url = await self._ask(key, "GET")
        # bytes as they are: nothing on the way shall compress what is to be counted and gone on with
        headers = {"Accept-Encoding": "identity", **({"Range": part} if part else {})}
        async with self._http.stream("GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True) as answer:
            if answer.status_code not in (200, 206, 416):
                raise link_fault(answer.status_code, await answer.aread(), key)
            yield answer


class _Tries:
    """Whether something may be tried once more, and when."""

    def __init__(self, patience: float) -> None:
        self._deadline = time.monotonic() + patience
        self._pause = FIRST_PAUSE
        self._links_left = 2

    async def next(self, key: str, fault: Exception) -> None:
        """Wait for the next try; raise what ends the tries."""
        if isinstance(fault, LinkInvalid):
            self._links_left -= 1
        if isinstance(fault, ViewComfyError) and not (is_passing(fault) and self._links_left > 0):
            raise fault
        if time.monotonic() + self._pause > self._deadline:
            if isinstance(fault, ViewComfyError):
                raise fault
            message = f"The file {key[:200]!r} can't be brought or stored: its link does not answer ({type(fault).__name__})."
            raise ServerUnavailable(message, retry_after=10.0) from fault
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)


def _range(start: int, end: int | None) -> str | None:
    return f"bytes={start}-{'' if end is None else end - 1}" if start or end is not None else None


def _total(answer: httpx2.Response) -> int:
    """Return the number of bytes of the whole file, of which one was asked for."""
    found = _TOTAL.match(answer.headers.get("content-range", ""))
    if found or answer.status_code == 416:  # which not everybody says the size along with: the first byte is beyond the end
        return int(found[1]) if found else 0
    return int(answer.headers.get("content-length", "0"))


async def _body(answer: httpx2.Response, start: int, end: int | None) -> AsyncIterator[bytes]:
    """Yield what was asked for; an answer with the whole file is cut, as not everybody knows Range."""
    skip = start if answer.status_code == 200 else 0
    left = None if end is None else end - start
    async for chunk in answer.aiter_raw(BLOCK):
        block = chunk[skip:] if skip else chunk
        skip = max(0, skip - len(chunk))
        if left is not None:
            block, left = block[:left], left - len(block[:left])
        for piece in pieces_of(block, 2 * BLOCK) if block else ():
            yield piece


async def _bodied(path: Path, size: int) -> AsyncIterator[bytes]:
    """Yield a file of so many bytes. Raises ServerUnavailable where it is not as long any more."""
    sent = 0
    async for piece in file_pieces(path):
        sent += len(piece)
        if sent > size:
            break
        yield piece
    if sent != size:
        raise ServerUnavailable(f"The file {path.name[:200]!r} changed while it was sent.")
