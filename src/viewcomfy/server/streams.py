"""Streaming: signs of life while nothing happens, and an end when the client goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from viewcomfy.core.events import Event
from viewcomfy.wire.events import PING, job_event

T = TypeVar("T")

SSE_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
PIECE = 64 * 1024
"""How many bytes are gathered into one message: fewer would cost time, more would cost memory."""


class Sender:
    """Sends one answer. Nothing leaves before the first `write`: until then `headers` can change, and an error can have its own status."""

    def __init__(self, send: Send, status: int, headers: dict[str, str]) -> None:
        self._send = send
        self._status = status
        self.headers = headers
        self.started = False

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Send bytes, after the headers if these have not been sent."""
        if not self.started:
            self.started = True
            raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
            await self._send({"type": "http.response.start", "status": self._status, "headers": raw})
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def pour(self, chunks: AsyncIterator[bytes]) -> None:
        """Send everything that comes, gathered into messages of some size, and end the answer."""
        pieces: list[bytes] = []
        size = 0
        async for chunk in chunks:
            pieces.append(chunk)
            size += len(chunk)
            if size >= PIECE:
                await self.write(b"".join(pieces))
                pieces, size = [], 0
        await self.write(b"".join(pieces), more=False)


class LiveResponse(Response):
    """An answer that is made while it is being sent, by `answer`."""

    background = None

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status_code = status
        self.init_headers(headers)

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Answer until all is said or the client goes away."""
        if not await while_connected(receive, self.answer(self.sender(send))):
            await self.left()

    def sender(self, send: Send) -> Sender:
        """Return what sends this answer."""
        return Sender(send, self.status_code, dict(self.headers))

    async def answer(self, out: Sender) -> None:
        """Send the answer."""
        raise NotImplementedError

    async def left(self) -> None:
        """Do what is to be done when the client has gone away before the end."""


class EventStream(LiveResponse):
    """Server-sent events of a job, with a comment now and then while nothing happens (None)."""

    def __init__(self, events: AsyncGenerator[Event | None, None], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(200, {**SSE_HEADERS, **(headers or {})})
        self.events = events

    async def answer(self, out: Sender) -> None:
        """Send the events up to the last one."""
        await out.write(b"")
        async with aclosing(self.events):
            async for event in self.events:
                await out.write(PING if event is None else job_event(event))
        await out.write(b"", more=False)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work unless the client goes away first; tell whether it was finished. The body must have been read."""
    doing = asyncio.create_task(work)
    watching = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            doing.result()
            return True
        return False
    finally:
        watching.cancel()
        await _stop(doing)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stop(task: asyncio.Task[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


async def with_heartbeat(source: AsyncIterator[T], seconds: float) -> AsyncGenerator[T | None, None]:
    """Yield what the source yields, and None whenever it has been silent for so many seconds."""
    pending: asyncio.Task[T | _End] | None = None
    try:
        while True:
            pending = pending or asyncio.create_task(_next(source))
            done, _ = await asyncio.wait({pending}, timeout=seconds)
            if not done:
                yield None
                continue
            item = pending.result()
            pending = None
            if isinstance(item, _End):
                return
            yield item
    finally:
        if pending is not None:
            await _stop(pending)
        if isinstance(source, AsyncGenerator):
            with suppress(RuntimeError):  # it is at work elsewhere, so it is not ours to close
                await source.aclose()


class _End:
    """Stands behind the last item."""


async def _next(source: AsyncIterator[T]) -> T | _End:
    return await anext(source, _End())
