"""Reading a stream without a consumer: page by page, from any server that has it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.engine.nats.mailbox import Mailbox

PAGE = 200
PAGE_BYTES = 4 << 20
PATIENCE = 5.0
ATTEMPTS = 6

_NOTHING_MORE = "204"
_NOT_FOUND = "404"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the stream has it; `before` is the sequence of the one before it on the same subject, where it is told live."""

    seq: int
    subject: str
    data: bytes
    before: int


async def pages(
    client: Client, stream: str, subject: str, start: int, *, last: Callable[[str], Awaitable[int]] | None = None
) -> AsyncIterator[list[Message]]:
    """Yield the messages of a stream on a subject from a sequence on, some at a time. Raises ServerUnavailable.

    `last` tells the last sequence on the subject: whoever answers may be behind, and is asked again for a moment.
    """
    upto = 0 if last is None else await last(subject)
    deadline = time.monotonic() + PATIENCE
    while True:
        page, more = await _page(client, stream, subject, start)
        if page:
            yield page
            start = page[-1].seq + 1
        if not more and (start > upto or time.monotonic() > deadline):
            return
        if not page:
            await asyncio.sleep(0.05)


def stored(message: Msg) -> Message | None:
    """Return a message that a stream handed out or told live, as the stream has it; None for any other."""
    headers = message.headers or {}
    try:
        return Message(int(headers["Nats-Sequence"]), headers["Nats-Subject"], message.data, int(headers.get("Nats-Last-Sequence", 0)))
    except (KeyError, ValueError):
        return None


async def _page(client: Client, stream: str, subject: str, start: int) -> tuple[list[Message], bool]:
    """Return messages from a sequence on, and whether there may be more."""
    for attempt in range(ATTEMPTS):
        with suppress(Error, OSError, TimeoutError):
            return await _ask_page(client, stream, subject, start)
        await asyncio.sleep(0.2 * attempt)
    raise ServerUnavailable(f"NATS does not hand out the stream {stream}.", retry_after=1.0)


async def _ask_page(client: Client, stream: str, subject: str, start: int) -> tuple[list[Message], bool]:
    query = {"seq": max(start, 1), "next_by_subj": subject, "batch": PAGE, "max_bytes": PAGE_BYTES}
    page: list[Message] = []
    async with Mailbox(client, inbox := client.new_inbox(), max_bytes=4 * PAGE_BYTES) as mailbox:
        await client.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(query).encode(), reply=inbox)
        while True:
            mail = await mailbox.next(PATIENCE)
            if mail is None:
                raise TimeoutError
            headers = mail.headers or {}
            status = headers.get("Status")
            if status in (_NOT_FOUND, _NOTHING_MORE):
                return page, int(headers.get("Nats-Num-Pending", 0)) > 0
            message = stored(mail)
            if message is None:
                raise TimeoutError  # no server has the stream now: asked again
            page.append(message)
            if "Nats-Num-Pending" not in headers:  # a server before 2.11 hands them out one by one
                return page, True
