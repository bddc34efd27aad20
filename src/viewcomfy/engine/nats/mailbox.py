"""A mailbox: what came in on a subject and has not been read yet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from viewcomfy.core.errors import ServerUnavailable

MAX_BYTES = 16 << 20


@contextmanager
def answered() -> Iterator[None]:
    """Turn what NATS fails with into ServerUnavailable."""
    try:
        yield
    except (Error, OSError) as fault:
        raise ServerUnavailable(f"NATS does not answer: {fault or type(fault).__name__}.", retry_after=1.0) from fault


class Mailbox:
    """A subscription whose messages wait here; use it as an async context manager.

    What comes in when it is full empties it: `spilled` then tells that messages were lost. `close` sends the reader away.
    """

    def __init__(self, client: Client, subject: str, *, max_bytes: int | None = None) -> None:
        self._client = client
        self._subject = subject
        self._max_bytes = MAX_BYTES if max_bytes is None else max_bytes
        self._messages: deque[Msg] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._subscription: Subscription | None = None
        self.spilled = False
        self.closed = False

    async def __aenter__(self) -> Self:
        with answered():
            self._subscription = await self._client.subscribe(self._subject, cb=self._put)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        if self._subscription is not None:
            with suppress(Error, OSError):
                await self._subscription.unsubscribe()

    async def next(self, seconds: float) -> Msg | None:
        """Return the next message; None when none came in so many seconds, or when the mailbox has spilled. Raises ServerUnavailable."""
        if not self._messages and not self.closed and not self.spilled:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
        if self.closed:
            raise ServerUnavailable("The server is shutting down.", retry_after=1.0)
        return self.take()

    def take(self) -> Msg | None:
        """Return the next message if it is here already."""
        if not self._messages:
            return None
        message = self._messages.popleft()
        self._bytes -= len(message.data)
        return message

    def doubt(self) -> None:
        """Have the reader believe that messages were lost, as when the connection was."""
        self.spilled = True
        self._news.set()

    def close(self) -> None:
        """Send the reader away."""
        self.closed = True
        self._news.set()

    async def _put(self, message: Msg) -> None:
        self._bytes += len(message.data)
        if self._bytes > self._max_bytes:
            self._messages.clear()
            self._bytes = 0
            self.spilled = True
        else:
            self._messages.append(message)
        self._news.set()
