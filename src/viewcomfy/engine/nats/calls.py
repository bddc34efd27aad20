"""Calls: questions over NATS that somebody answers, or an error that says that nobody did."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error, NoRespondersError

from viewcomfy.core.errors import ServerUnavailable, ViewComfyError
from viewcomfy.engine.nats.envelope import Json, answer_of, packed, result_of, unpacked
from viewcomfy.engine.nats.parts import Parts, header, new_id, read_header, split
from viewcomfy.engine.nats.replies import Replies

PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two attempts; each pause is twice as long as the one before."""

_FETCH = "fetch"


class Calls:
    """Ask; what is answered with an error is raised as it was there."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._replies = Replies(client)
        self._stopped = False

    def stop(self) -> None:
        """Insist no more: the engine closes."""
        self._stopped = True

    async def ask(self, subject: str, body: Json, *, timeout: float = 3.0) -> dict[str, Any]:
        """Return the answer. Raises ServerUnavailable when none comes within `timeout` seconds, or nobody is there to give one."""
        try:
            async with asyncio.timeout(timeout):
                answer = await self._ask(subject, packed(body))
                return result_of(await self._rest(subject, answer))
        except NoRespondersError as fault:
            raise ServerUnavailable("No server leads at the moment.", retry_after=1.0) from fault
        except (Error, OSError, TimeoutError) as fault:
            raise ServerUnavailable(f"No server has answered within {timeout:g} s.", retry_after=1.0) from fault

    async def insist(self, subject: str, body: Json, *, patience: float, timeout: float = 3.0) -> dict[str, Any]:
        """Return the answer, asking again for `patience` seconds where none comes: for what does no harm when it is done twice."""
        return await self.repeat(subject, lambda _: body, patience=patience, timeout=timeout)

    async def repeat(self, subject: str, body: Callable[[int], Json], *, patience: float, timeout: float = 3.0) -> dict[str, Any]:
        """Do what `insist` does with what `body` returns for the number of the attempt, from 0."""
        until, pause = time.monotonic() + patience, PAUSE
        for turn in itertools.count():
            try:
                return await self.ask(subject, body(turn), timeout=timeout)
            except ServerUnavailable:
                if self._stopped or time.monotonic() + pause > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        raise AssertionError

    async def tell(self, subject: str, body: Json) -> None:
        """Send something that nobody answers; it may get lost."""
        with suppress(Error, OSError):
            await self._client.publish(subject, packed(body))

    async def _ask(self, subject: str, data: bytes) -> Msg:
        parts = split(data, self._client.max_payload)
        if len(parts) == 1:
            return await self._replies.request(subject, data)
        name = new_id()
        for index, part in enumerate(parts):
            answer = await self._replies.request(subject, part, header(name, index, len(parts)))
        return answer

    async def _rest(self, subject: str, answer: Msg) -> bytes:
        """Return a whole answer, asking for its other parts where it has any."""
        part = read_header(answer.headers)
        if part is None:
            return answer.data
        name, _, count = part
        parts = [answer.data]
        for index in range(1, count):
            body = packed({_FETCH: name, "index": index})
            parts.append((await self._replies.request(subject, body)).data)
        return b"".join(parts)


def is_inbox(subject: str) -> bool:
    """Tell whether a subject is one where answers are waited for, and nothing else is listened to."""
    return subject.startswith("_INBOX.") and "*" not in subject and ">" not in subject


class Answering:
    """Reads questions and gives answers, for who listens to a subject."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._coming = Parts()
        self._going = Parts()

    async def take(self, message: Msg, answer: Callable[[dict[str, Any]], Awaitable[Json | None]]) -> None:
        """Have a question answered, if it is whole; `answer` returns None where there is nothing to say. Errors are the asker's.

        What is to be answered elsewhere than in an inbox is dropped: the asker's credentials do not say where an answer may go, and
        ours let it go anywhere.
        """
        if message.reply and not is_inbox(message.reply):
            return
        try:
            body = await self._whole(message)
            result: Json | ViewComfyError | None = None if body is None else await answer(body)
        except ViewComfyError as fault:
            result = fault
        if result is not None and message.reply:
            await self._send(message.reply, answer_of(result))

    async def _whole(self, message: Msg) -> dict[str, Any] | None:
        """Return the question; None for a part of one, and for a question after a part of an answer, which are answered here."""
        part = read_header(message.headers)
        if part is not None:
            name, index, count = part
            self._coming.put(name, index, message.data)
            if index + 1 < count:
                await self._send(message.reply, answer_of({}))
                return None
            return unpacked(self._coming.whole(name, count))
        body = unpacked(message.data)
        if _FETCH not in body:
            return body
        await self._publish(message.reply, self._going.get(str(body[_FETCH]), int(body["index"])))
        return None

    async def _send(self, reply: str, data: bytes) -> None:
        parts = split(data, self._client.max_payload)
        if len(parts) == 1:
            await self._publish(reply, data)
            return
        name = new_id()
        for index, part in enumerate(parts):
            self._going.put(name, index, part)
        await self._publish(reply, parts[0], header(name, 0, len(parts)))

    async def _publish(self, reply: str, data: bytes, headers: dict[str, str] | None = None) -> None:
        with suppress(Error, OSError):
            await self._client.publish(reply, data, headers=headers)
