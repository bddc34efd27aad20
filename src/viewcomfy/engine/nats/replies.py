"""Replies: one inbox for the answers to all questions of a connection."""

from __future__ import annotations

import asyncio
import itertools

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

_NO_RESPONDERS = "503"


class Replies:
    """Ask over NATS and wait for one answer.

    Instead of `Client.request`, whose `asyncio.wait_for` can swallow the cancellation of the task that asks (before Python 3.12).
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox: str | None = None
        self._waiting: dict[str, asyncio.Future[Msg]] = {}
        self._numbers = itertools.count(1)

    async def request(self, subject: str, data: bytes, headers: dict[str, str] | None = None) -> Msg:
        """Return the answer, whenever it comes. Raises NoRespondersError when nobody listens, and what else nats-py raises."""
        if self._inbox is None:
            self._inbox = self._client.new_inbox()
            await self._client.subscribe(f"{self._inbox}.*", cb=self._take)
        reply = f"{self._inbox}.{next(self._numbers)}"
        answer = self._waiting[reply] = asyncio.get_running_loop().create_future()
        try:
            await self._client.publish(subject, data, reply=reply, headers=headers)
            message: Msg = await answer
        finally:
            del self._waiting[reply]
        if (message.headers or {}).get("Status") == _NO_RESPONDERS:
            raise NoRespondersError
        return message

    async def _take(self, message: Msg) -> None:
        answer = self._waiting.get(message.subject)
        if answer is not None and not answer.done():
            answer.set_result(message)
