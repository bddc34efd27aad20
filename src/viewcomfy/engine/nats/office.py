"""The office of a leader: this server holds it whenever no other does, and gives out jobs while it holds it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.jobs import JobError, JobStatus
from viewcomfy.engine.base import Lease
from viewcomfy.engine.claims import Fits
from viewcomfy.engine.dispatcher import Dispatcher
from viewcomfy.engine.errands import stop
from viewcomfy.engine.nats.calls import Calls
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.desk import Desk, Linker
from viewcomfy.engine.nats.leader import Election
from viewcomfy.engine.nats.news import News
from viewcomfy.engine.rows import QueueRows

FIRST_WAIT = 3.0
"""Seconds that opening waits for this server to lead, if no other does."""
PAUSE = 2.0
LOOK_EVERY, STORE_PATIENCE = 2.0, 10.0
"""How often it is made sure that the store answers, and for how many seconds it may fail until another server is to lead."""

log = structlog.get_logger(__name__)


class Office:
    """Campaigns for ever. Use it as an async context manager; leaving it lets another server lead at once."""

    def __init__(
        self,
        link: Connection,
        news: News,
        queue: QueueRows,
        *,
        name: str,
        lease_seconds: float,
        attempts: int,
        clock: Callable[[], float],
        fits: Fits,
        linker: Linker | None,
    ) -> None:
        self._link = link
        self._news = news
        self._queue = queue
        self._name = name
        self._lease_seconds = lease_seconds
        self._attempts = attempts
        self._clock = clock
        self._fits = fits
        self._linker = linker
        self._election = Election(link, name)
        self._calls = Calls(link.client)
        self._settled = asyncio.Event()
        self._desk: Desk | None = None
        self._is_open = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Office:
        await self._election.setup()
        self._task = asyncio.create_task(self._campaign())
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WAIT):
                await self._settled.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        task, self._task = self._task, None
        if task is not None:
            self._election.close()  # a cancellation alone may be swallowed on the way
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def leads(self) -> bool:
        """Tell whether this server gives out the jobs."""
        return self._is_open and self._election.may_act()

    def nudge(self) -> None:
        """Look at once whether somebody leads."""
        self._election.nudge()

    async def _campaign(self) -> None:
        while not self._election.is_closed:
            try:
                await self._election.win(self._settled.set)
                if not self._election.is_closed:
                    await self._serve()
            except ViewComfyError as fault:
                log.warning("this server can't lead", reason=str(fault))
            except Exception:  # one term that ends through a fault must not be the last
                log.exception("this server can't lead through a fault of ours")
            finally:
                if self._election.may_act():
                    await self._election.resign()
                    await self._announce(None)
            if not self._election.is_closed:
                await asyncio.sleep(PAUSE)

    async def _serve(self) -> None:
        """Lead until another server does, or NATS can't be reached for too long."""
        keeping, leading = asyncio.create_task(self._election.keep()), asyncio.create_task(self._lead())
        try:
            await asyncio.wait({keeping, leading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leading.cancel()
            await asyncio.gather(leading, return_exceptions=True)
            await stop(keeping)
        if not leading.cancelled():
            leading.result()

    async def _lead(self) -> None:
        dispatcher = Dispatcher(
            self._queue, self._tell, lease_seconds=self._lease_seconds, attempts=self._attempts, clock=self._clock, fits=self._fits,
            gone=self._tell_gone, may_act=self._election.may_act,
        )  # fmt: skip
        await dispatcher.resume()
        desk = self._desk = Desk(self._link, dispatcher, self._queue, linker=self._linker, may_act=self._election.may_act)
        async with dispatcher, desk:
            log.info("this server leads", name=self._name)
            self._is_open = True
            await self._announce(self._name)
            self._settled.set()
            try:
                await self._until_the_store_fails()
            finally:
                self._is_open = False

    async def _until_the_store_fails(self) -> None:
        """Keep the archive meanwhile. Raises what the store raises once it has failed for so long that another server should try."""
        archiving = asyncio.create_task(self._news.keep_archive())
        failing_since: float | None = None
        try:
            while not archiving.done():
                await asyncio.sleep(LOOK_EVERY)
                try:
                    await self._queue.standing("")
                    failing_since = None
                except ViewComfyError:
                    failing_since = failing_since or time.monotonic()
                    if time.monotonic() - failing_since > STORE_PATIENCE:
                        raise
            archiving.result()
        finally:
            await stop(archiving)

    def _tell_gone(self, lease: Lease) -> None:
        if self._desk is not None:
            self._desk.tell_gone(lease)

    def _tell(self, prompt_id: str, pool: str, status: JobStatus, attempt: int, error: JobError | None) -> None:
        self._news.status(pool, prompt_id, status, attempt, error)

    async def _announce(self, leader: str | None) -> None:
        """Tell who leads now, so that workers make their claims again, or that somebody else can."""
        await self._calls.tell(self._link.subjects.news, {"leader": leader})
