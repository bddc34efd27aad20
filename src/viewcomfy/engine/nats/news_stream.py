"""The stream that keeps the events of every job for a day, and tells each again on a live subject once it is stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from nats.errors import Error
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.engine.nats.link import Link
from viewcomfy.engine.nats.mailbox import answered
from viewcomfy.engine.nats.reading import ATTEMPTS, PATIENCE, Message, pages
from viewcomfy.engine.nats.subjects import token

KEPT_SECONDS = 24 * 3600.0
KEPT_BYTES = (1 << 30, 1 << 28, 1 << 26)
"""How much the stream keeps of all jobs: the first of these for which the server has room."""
KEPT_OF_A_JOB = 5000
"""How many messages are kept of a job at most; the oldest go first. Its changes of status have a limit of their own."""
SAME = 120.0
"""Seconds within which a message that is sent again is known to be the same."""
SEND_AGAIN = 2.0
"""Seconds without an answer after which a message is sent again: it may have gone down with a connection."""

_NO_ROOM, _THERE_ALREADY = 10047, 10058


class EventStream:
    """The stream of the events of a namespace; `may_make` on servers: workers may not."""

    def __init__(self, link: Link, *, may_make: bool) -> None:
        self._link = link
        self._may_make = may_make
        self._replicas = 1
        self.name = f"{link.namespace}-events"
        self._js: JetStreamContext = link.client.jetstream(timeout=PATIENCE)

    async def setup(self, patience: float = 0.0) -> None:
        """Make the stream, or make it as it should be; a NATS that is just starting is given some seconds. Raises ServerUnavailable."""
        until = time.monotonic() + patience
        while True:
            try:
                with answered():
                    await self._setup()
            except ServerUnavailable as fault:
                if time.monotonic() > until:
                    hint = "Does it have JetStream, as with nats-server -js or the configuration of `viewcomfy nats config`?"
                    raise ServerUnavailable(f"NATS does not keep streams: {fault.message}", hint=hint, retry_after=1.0) from fault
            else:
                return
            await asyncio.sleep(0.5)

    def subject(self, pool: str, prompt_id: str, what: str) -> str:
        """Return the subject of the kept events of a job; `what` may be "*"."""
        return f"{self._link.namespace}.ev.{token(pool)}.{token(prompt_id)}.{what}"

    def live(self, pool: str, prompt_id: str, what: str) -> str:
        """Return the subject on which events are told live: previews, and kept ones as soon as they are stored."""
        return f"{self._link.namespace}.ev-live.{token(pool)}.{token(prompt_id)}.{what}"

    @property
    def live_statuses(self) -> str:
        """The subject on which every change of status of every job is told live."""
        return f"{self._link.namespace}.ev-live.*.*.status"

    @property
    def statuses(self) -> str:
        """The subject of every kept change of status."""
        return f"{self._link.namespace}.ev.*.*.status"

    async def append(self, subject: str, data: bytes, msg_id: str) -> None:
        """Store a message once, however often it is sent within SAME seconds. Raises what nats-py raises."""
        try:
            await self._js.publish(subject, data, headers={"Nats-Msg-Id": msg_id}, timeout=SEND_AGAIN)
        except NoStreamResponseError:
            if self._may_make:  # it was lost with a server's disk, or has no leader now
                with suppress(ServerUnavailable):
                    await self.setup()
            raise

    def pages(self, subject: str, start: int) -> AsyncIterator[list[Message]]:
        """Yield the messages on a subject from a sequence on, some at a time. Raises ServerUnavailable."""
        return pages(self._link.client, self.name, subject, start, last=self._last)

    async def _last(self, subject: str) -> int:
        """Return the last sequence on a subject as the stream's leader knows it: another replica may be behind."""
        if max(self._replicas, self._link.replicas) == 1:
            return 0
        fault: Exception | None = None
        for attempt in range(ATTEMPTS):
            try:
                return int((await self._js.get_msg(self.name, subject=subject)).seq or 0)
            except NotFoundError:
                return 0
            except (Error, OSError) as failed:
                fault = failed
                await asyncio.sleep(0.2 * attempt)
        raise ServerUnavailable(f"NATS does not answer: {fault!r}.", retry_after=1.0) from fault

    async def _setup(self) -> None:
        for size in KEPT_BYTES:
            try:
                await self._make(size)
            except APIError as fault:
                if fault.err_code != _NO_ROOM or size == KEPT_BYTES[-1]:
                    raise
            else:
                return

    async def _make(self, size: int) -> None:
        namespace = self._link.namespace
        wanted: dict[str, Any] = {
            "subjects": [f"{namespace}.ev.>"], "max_age": KEPT_SECONDS, "duplicate_window": SAME, "max_msgs_per_subject": KEPT_OF_A_JOB,
            "allow_direct": True, "republish": api.RePublish(src=f"{namespace}.ev.>", dest=f"{namespace}.ev-live.>"),
        }  # fmt: skip
        kept = await self._kept()
        if kept is None:
            # a stream that is made again, after its server has lost it, counts on from above what anybody has seen
            made = api.StreamConfig(
                name=self.name, storage=api.StorageType.FILE, max_bytes=size, first_seq=int(time.time() * 1000),
                num_replicas=self._link.replicas, **wanted,
            )  # fmt: skip
            try:
                await self._js.add_stream(made)
            except APIError as fault:
                if fault.err_code != _THERE_ALREADY:  # another server that starts as well has made it
                    raise
            return
        self._replicas = max(kept.num_replicas or 1, self._link.replicas)
        wanted["num_replicas"] = self._replicas
        if any(getattr(kept, name) != value for name, value in wanted.items()):
            await self._js.update_stream(kept.evolve(**wanted))

    async def _kept(self) -> api.StreamConfig | None:
        try:
            return (await self._js.stream_info(self.name)).config
        except NotFoundError:
            return None
