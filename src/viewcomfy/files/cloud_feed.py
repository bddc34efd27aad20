"""A feed takes blocks from whoever has them to whoever stores them, and tells the latter when there will be no more."""

from __future__ import annotations

import asyncio


class Abandoned(Exception):
    """Whoever had the bytes has gone away; what was stored of them is to be thrown away."""


class Feed:
    """One block at a time. The reader iterates over it; a reader that ends early calls `close`, so that nobody waits for it."""

    def __init__(self) -> None:
        self._blocks: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._is_closed = False
        self._is_abandoned = False

    @property
    def is_closed(self) -> bool:
        """Tell whether nobody reads any more."""
        return self._is_closed

    def __aiter__(self) -> Feed:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next block; raise Abandoned where there will be no end."""
        block = await self._blocks.get()
        if self._is_abandoned:
            raise Abandoned
        if block is None:
            raise StopAsyncIteration
        return block

    async def send(self, block: bytes | None) -> None:
        """Hand over a block, None at the end; waits for the reader to have taken the one before."""
        if not self._is_closed:
            await self._blocks.put(block)

    def abandon(self) -> None:
        """Have the reader fail."""
        self._is_abandoned = True
        self._drain()
        self._blocks.put_nowait(None)

    def close(self) -> None:
        """Let the writer go on into nowhere."""
        self._is_closed = True
        self._drain()

    def _drain(self) -> None:
        while not self._blocks.empty():
            self._blocks.get_nowait()
