"""A feed is everything that one backend has to say about one prompt."""

from __future__ import annotations

import asyncio
from collections import deque

from viewcomfy.comfy.messages import OUTCOMES, BackendLost, Finished, JobMessage, NodeOutput, Preview

MAX_PREVIEWS = 2
"""Previews that wait for a slow reader; older ones are dropped, they are 50 kB each and only the newest is of use."""


class Feed:
    """Iterate over the messages of one prompt, in order, to the last one: Finished or BackendLost."""

    def __init__(self, prompt_id: str) -> None:
        self.prompt_id = prompt_id
        self.is_queued = False
        """ComfyUI has accepted the prompt."""
        self.has_gap = False
        """The socket was down in between: messages may be missing, so the history must fill in before the outcome is told."""
        self.outcome: JobMessage | None = None
        self.seen_outputs: set[str] = set()
        self._messages: deque[JobMessage] = deque()
        self._previews = 0
        self._is_closed = False
        self._wakeup = asyncio.Event()
        self.ended = asyncio.Event()
        """Set with the outcome."""

    @property
    def is_closed(self) -> bool:
        """Tell whether the last message has come."""
        return self._is_closed

    def put(self, message: JobMessage) -> None:
        """Add a message; after the last one, and a second outcome, are ignored."""
        if self._is_closed or (self.outcome is not None and isinstance(message, OUTCOMES) and not isinstance(message, BackendLost)):
            return
        if isinstance(message, OUTCOMES) and self.outcome is None:
            self.outcome = message
            self.ended.set()
        if isinstance(message, NodeOutput):
            self.seen_outputs.add(message.node_id)
        if isinstance(message, Preview):
            self._make_room()
        self._messages.append(message)
        self._is_closed = isinstance(message, (Finished, BackendLost))
        self._wakeup.set()

    def _make_room(self) -> None:
        self._previews += 1
        if self._previews > MAX_PREVIEWS:
            oldest = next(message for message in self._messages if isinstance(message, Preview))
            self._messages.remove(oldest)
            self._previews -= 1

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> JobMessage:
        while not self._messages:
            if self._is_closed:
                raise StopAsyncIteration
            self._wakeup.clear()
            await self._wakeup.wait()
        return self._take()

    def pending(self) -> list[JobMessage]:
        """Take what has come and was not yet read, without waiting."""
        return [self._take() for _ in range(len(self._messages))]

    def _take(self) -> JobMessage:
        message = self._messages.popleft()
        if isinstance(message, Preview):
            self._previews -= 1
        return message
