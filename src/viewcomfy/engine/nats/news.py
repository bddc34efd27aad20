"""The live news of jobs over NATS: kept in a stream, told live to whoever follows, put into the store at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Self

import structlog
from nats.aio.msg import Msg
from nats.errors import Error

from viewcomfy.core.errors import ServerUnavailable, UnknownJob
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job, JobError, JobStatus
from viewcomfy.engine.nats.link import Link
from viewcomfy.engine.nats.mailbox import Mailbox, answered
from viewcomfy.engine.nats.news_archive import Archive
from viewcomfy.engine.nats.news_codec import NEWS, PREVIEW, STATUS, decode, encode, is_end, job_of, status_data
from viewcomfy.engine.nats.news_following import Following
from viewcomfy.engine.nats.news_outbox import Outbox
from viewcomfy.engine.nats.news_story import Standing, Stories
from viewcomfy.engine.nats.news_stream import EventStream
from viewcomfy.engine.rows import EventRows

FIRST_LOOK, LOOK_EVERY = 1.0, 5.0
"""Seconds without news after which a follower asks the stream and the job's row whether it has missed any."""
START_SECONDS = 20.0
"""Seconds in which a NATS that is just starting must keep streams."""

log = structlog.get_logger(__name__)


class News:
    """What travels live. A worker has no rows: it only tells. Use it as an async context manager.

    Entering it on a server makes the stream; leaving it sends followers away and what is unsent on its way, within a moment.
    """

    def __init__(
        self, link: Link, events: EventRows | None = None, queue: Standing | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._link = link
        self._queue = queue
        self._clock = clock
        self._stream = EventStream(link, may_make=events is not None)
        self._outbox = Outbox(self._stream.append)
        self._stories = None if events is None else Stories(self._stream, events, clock)
        self._archive = None if self._stories is None or queue is None else Archive(link, self._stream, self._stories, queue)
        self._mailboxes: set[Mailbox] = set()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._stack = AsyncExitStack()
        self._open = False

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self._archive is not None:
                await self._stream.setup(START_SECONDS)
                await self._archive.setup()
                with answered():
                    statuses = await self._link.client.subscribe(self._stream.live_statuses, cb=self._note_end)
                stack.push_async_callback(_quietly, statuses.unsubscribe)
                self._link.on_return.append(self._doubt)
                stack.callback(self._link.on_return.remove, self._doubt)
            await stack.enter_async_context(self._outbox)
            self._stack = stack.pop_all()
        self._open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        for mailbox in self._mailboxes:
            mailbox.close()
        for waiters in self._waiting.values():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(_closing())
        await self._stack.aclose()

    # --- telling ------------------------------------------------------------------------------------------------------
    def status(self, pool: str, prompt_id: str, status: JobStatus, attempt: int, error: JobError | None = None) -> None:
        """Tell a change of status, after all that was told of the job here before; a final one ends the job's news."""
        event = Event(EventKind.STATUS, status_data(status, attempt, error), self._clock())
        self._outbox.add(prompt_id, self._stream.subject(pool, prompt_id, STATUS), [event])

    async def emit(self, pool: str, prompt_id: str, events: Iterable[Event]) -> None:
        """Have events of a job kept and told. Returns at once and never fails; previews are told to who follows now, if they can be."""
        dated = [event if event.at else Event(event.kind, event.data, self._clock()) for event in events]
        kept = [event for event in dated if event.kind not in (EventKind.PREVIEW, EventKind.STATUS)]
        if kept:
            self._outbox.add(prompt_id, self._stream.subject(pool, prompt_id, NEWS), kept)
        for preview in (event for event in dated if event.kind is EventKind.PREVIEW):
            with suppress(Error, OSError):
                await self._link.client.publish(self._stream.live(pool, prompt_id, PREVIEW), encode(prompt_id, [preview]))

    async def flush(self, prompt_id: str, patience: float = 5.0) -> None:
        """Wait until all that was told of a job here is kept, or for so many seconds: what is told after the final status is lost."""
        await self._outbox.flush(prompt_id, patience)

    # --- following ----------------------------------------------------------------------------------------------------
    async def follow(self, prompt_id: str, after_seq: int = 0) -> AsyncIterator[Event]:
        """Yield the kept events above a seq, then what comes, until the final STATUS event. Raises UnknownJob, ServerUnavailable."""
        job = await self._job(prompt_id)
        if not job.status.is_final:
            async with aclosing(self._live(job, after_seq)) as live:
                async for event in live:
                    yield event
                    if is_end(event):
                        return
                    after_seq = event.seq or after_seq
            job = await self._job(prompt_id)
        await self.flush(prompt_id)
        for event in await self._told().read(job, after_seq):
            yield event

    async def ended(self, prompt_id: str) -> None:
        """Return once the job has its final status. Raises UnknownJob, ServerUnavailable."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._waiting.setdefault(prompt_id, set())
        waiters.add(waiter)
        seconds = FIRST_LOOK
        try:
            while not (await self._job(prompt_id)).status.is_final and not waiter.done():
                await asyncio.wait([waiter], timeout=seconds)
                seconds = LOOK_EVERY
            if waiter.done():
                waiter.result()
        finally:
            waiter.cancel()
            waiters.discard(waiter)
            if not waiters:
                self._waiting.pop(prompt_id, None)

    async def _live(self, job: Job, after_seq: int) -> AsyncGenerator[Event, None]:
        """Yield the events of a job while it lives; end when its row says that it has ended and no event did."""
        following = Following(self._link, self._stream, job, after_seq)
        async with following.mailbox as mailbox:
            self._mailboxes.add(mailbox)
            try:
                await following.begin()
                seconds = FIRST_LOOK
                while not job.status.is_final:
                    async for event in following.events(seconds):
                        yield event
                    job = await self._job(job.prompt_id)
                    following.doubt()
                    seconds = LOOK_EVERY
            finally:
                self._mailboxes.discard(mailbox)

    async def _note_end(self, message: Msg) -> None:
        if any(is_end(event) for event in decode(message.subject, message.data, 0)):
            for waiter in self._waiting.get(job_of(message.data), ()):
                if not waiter.done():
                    waiter.set_result(None)

    def _doubt(self) -> None:
        """Have every follower ask the stream what it has missed while the connection was gone."""
        for mailbox in self._mailboxes:
            mailbox.doubt()

    async def _job(self, prompt_id: str) -> Job:
        if not self._open or self._queue is None:
            raise _closing()
        job = await self._queue.standing(prompt_id)
        if job is None:
            raise UnknownJob(f"There is no job {prompt_id[:80]!r}.")
        return job

    def _told(self) -> Stories:
        if self._stories is None:
            raise _closing()
        return self._stories

    # --- keeping ------------------------------------------------------------------------------------------------------
    async def archive(self, prompt_id: str) -> None:
        """Put the story of a job that has ended into the store; does nothing for one that has not. Raises what the store raises."""
        if self._archive is not None:
            await self.flush(prompt_id)
            await self._archive.put(prompt_id)

    async def keep_archive(self) -> None:
        """Put the story of every job that ends into the store, for ever, and of those that ended while nobody did: for the leader."""
        if self._archive is not None:
            await self._archive.run()

    async def archived(self) -> bool:
        """Tell whether no story waits to be put into the store, as far as this engine has told them. Raises ServerUnavailable."""
        return self._archive is None or await self._archive.is_done()


def _closing() -> ServerUnavailable:
    return ServerUnavailable("The server is shutting down.", retry_after=1.0)


async def _quietly(action: Callable[[], object]) -> None:
    with suppress(Error, OSError):
        await action()  # type: ignore[misc]  # unsubscribe of nats-py has no types
