"""The archive: whoever leads puts the story of every job that has ended into the store, once."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import structlog
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js import api
from nats.js.errors import NotFoundError

from viewcomfy.core.errors import DiskFull, ServerUnavailable, ViewComfyError
from viewcomfy.engine.nats.link import Link
from viewcomfy.engine.nats.mailbox import Mailbox, answered
from viewcomfy.engine.nats.news_codec import decode, is_end, job_of
from viewcomfy.engine.nats.news_story import Standing, Stories
from viewcomfy.engine.nats.news_stream import EventStream

NAME = "archive"
AT_ONCE = 8
TAKEN = 64
"""How many changes of status are taken from the stream at a time."""
REDELIVER = 60.0
"""Seconds after which a job whose story was not put away is tried again."""
ASK_EVERY = 20.0
HEARTBEAT = 1.5
_HEARTBEAT, _OVER = "100", ("404", "408")

log = structlog.get_logger(__name__)


class Archive:
    """Follow the changes of status in the stream, and acknowledge each once the story of a job that has ended is in the store.

    What is not acknowledged comes again, to this server or another: so nothing is missed while nobody leads.
    """

    def __init__(self, link: Link, stream: EventStream, stories: Stories, queue: Standing) -> None:
        self._link = link
        self._stream = stream
        self._stories = stories
        self._queue = queue
        self._js = link.client.jetstream(timeout=5.0)

    async def setup(self) -> None:
        """Make the consumer. Raises ServerUnavailable."""
        config = api.ConsumerConfig(
            durable_name=NAME, filter_subject=self._stream.statuses, ack_policy=api.AckPolicy.EXPLICIT, ack_wait=REDELIVER,
            max_ack_pending=4 * TAKEN, deliver_policy=api.DeliverPolicy.ALL,
        )  # fmt: skip
        with answered():
            try:
                await self._js.consumer_info(self._stream.name, NAME)
            except NotFoundError:
                await self._js.add_consumer(self._stream.name, config)

    async def put(self, prompt_id: str) -> None:
        """Put the story of a job that has ended into the store. Raises what the store raises."""
        job = await self._queue.standing(prompt_id)
        if job is not None and job.status.is_final:
            await self._stories.archive(job)

    async def run(self) -> None:
        """Put stories away for ever."""
        while True:
            with suppress(Error, OSError, ServerUnavailable):
                async with Mailbox(self._link.client, inbox := self._link.client.new_inbox()) as mailbox:
                    await self._serve(mailbox, inbox)
            await asyncio.sleep(1.0)
            with suppress(ServerUnavailable):
                await self.setup()

    async def _serve(self, mailbox: Mailbox, inbox: str) -> None:
        """Take what comes until NATS has gone silent, or what was asked has gone down with the connection."""
        self._link.on_return.append(mailbox.doubt)
        try:
            while True:
                await self._take(mailbox, inbox)
        finally:
            self._link.on_return.remove(mailbox.doubt)

    async def is_done(self) -> bool:
        """Tell whether no change of status waits. Raises ServerUnavailable."""
        with answered():
            info = await self._js.consumer_info(self._stream.name, NAME)
        return not info.num_pending and not info.num_ack_pending

    async def _take(self, mailbox: Mailbox, inbox: str) -> None:
        """Ask for changes of status and put away the stories of those that have come; return when another question is due."""
        query = {"batch": TAKEN, "expires": int(ASK_EVERY * 1e9), "idle_heartbeat": int(HEARTBEAT * 1e9)}
        await self._link.client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{self._stream.name}.{NAME}", json.dumps(query).encode(), reply=inbox)
        taken, over = 0, False
        while taken < TAKEN and not over:
            mails = await _all_that_came(mailbox)
            batch = [mail for mail in mails if not _state(mail)]
            await self._put_all(batch)
            taken += len(batch)
            over = any(_state(mail) in _OVER for mail in mails)
            if any(_state(mail) not in ("", _HEARTBEAT, *_OVER) for mail in mails):
                raise ServerUnavailable("NATS has lost the consumer.")

    async def _put_all(self, batch: list[Msg]) -> None:
        limit = asyncio.Semaphore(AT_ONCE)

        async def put(message: Msg) -> None:
            async with limit:
                await self._put_one(message)

        async with asyncio.TaskGroup() as group:
            for message in batch:
                group.create_task(put(message))

    async def _put_one(self, message: Msg) -> None:
        try:
            if any(is_end(event) for event in decode(message.subject, message.data, 0)):
                await self.put(job_of(message.data))
        except (ServerUnavailable, DiskFull) as fault:
            log.warning("story not put away yet", prompt_id=job_of(message.data), error=str(fault))
            with suppress(Error, OSError):
                await message.nak(delay=5.0)
            return
        except ViewComfyError as fault:  # trying the same again would not help
            log.exception("story lost", prompt_id=job_of(message.data), error=str(fault))
        with suppress(Error, OSError):
            await message.ack()


async def _all_that_came(mailbox: Mailbox) -> list[Msg]:
    """Return at least one message. Raises ServerUnavailable where NATS has gone silent."""
    mail = await mailbox.next(3 * HEARTBEAT)
    if mail is None:
        raise ServerUnavailable("NATS has stopped handing out changes of status.")
    mails = []
    while mail is not None:
        mails.append(mail)
        mail = mailbox.take()
    return mails


def _state(mail: Msg) -> str:
    return str((mail.headers or {}).get("Status", ""))
