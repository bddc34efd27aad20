"""The engine of one machine: the store's rows, an in-process bus, no server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Self

import structlog

from viewcomfy.core.errors import ServerUnavailable, ViewComfyError
from viewcomfy.core.events import Event
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.engine.base import Answerer, Claimer, Lease, Ticket, WorkerInfo
from viewcomfy.engine.claims import Fits, fits_all
from viewcomfy.engine.dispatcher import Dispatcher
from viewcomfy.engine.local_bus import Bus
from viewcomfy.engine.local_orders import Orders
from viewcomfy.engine.local_presence import Presence
from viewcomfy.engine.rows import EventRows, QueueRows

STORE_EVENTS_EVERY = 0.5

log = structlog.get_logger(__name__)


class LocalEngine:
    """The engine for a single process. Use it as an async context manager: it owns the tasks that give out jobs and store events.

    `attempts` is how often a job may be lost before it fails. `fits` tells whether a claimer's backend has what jobs of an affinity
    need. Entering it takes back what a process before this one was running.
    """

    patience = 8.0

    def __init__(
        self,
        queue: QueueRows,
        events: EventRows,
        *,
        lease_seconds: float = 30.0,
        attempts: int = 3,
        clock: Callable[[], float] = time.time,
        fits: Fits = fits_all,
    ) -> None:
        self._queue = queue
        self._bus = Bus(queue, events, clock)
        self._presence = Presence(clock)
        self._orders = Orders(lambda name: any(info.name == name for info in self._presence.workers()))
        self._dispatcher = Dispatcher(
            queue,
            lambda prompt_id, _, status, attempt, error: self._bus.status(prompt_id, status, attempt, error),
            lease_seconds=lease_seconds,
            attempts=attempts,
            clock=clock,
            fits=fits,
        )
        self._closing = asyncio.Event()
        self._storing: asyncio.Task[None] | None = None

    # --- its life -----------------------------------------------------------------------------------------------------
    async def __aenter__(self) -> Self:
        unfinished = await self._queue.unfinished()
        self._bus.resume((prompt_id, last_seq) for prompt_id, _, _, last_seq in unfinished)
        await self._dispatcher.recover(unfinished)
        await self._dispatcher.__aenter__()
        self._storing = asyncio.create_task(self._store_events())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send everyone away who waits, and finish what was begun. Jobs that still run are taken back at the next start."""
        self._closing.set()
        storing, self._storing = self._storing, None
        await self._dispatcher.__aexit__()
        if storing is not None:
            await storing
        self._bus.close()
        await self._bus.store()

    async def _store_events(self) -> None:
        while True:
            try:
                async with asyncio.timeout(STORE_EVENTS_EVERY):
                    await self._closing.wait()
                    return
            except TimeoutError:
                await self._bus.store()

    # --- jobs ---------------------------------------------------------------------------------------------------------
    async def enqueue(self, ticket: Ticket) -> None:
        """Make a stored job available to workers. Calling it again for the same job does nothing."""
        await self._dispatcher.enqueue(ticket)

    async def claim(self, claimer: Claimer) -> Lease:
        """Wait for a job that this worker may run, and lease it. Cancelling the call never loses a job."""
        return await self._dispatcher.claim(claimer)

    async def job(self, lease: Lease) -> Job | None:
        """Return the leased job with its workflow; None when it is gone, canceled or somebody else's."""
        return await self._dispatcher.job(lease)

    async def extend(self, lease: Lease) -> Lease:
        """Renew a lease. Raises StaleLease when the job has been given to somebody else, canceled or finished."""
        return await self._dispatcher.extend(lease)

    async def commit(self, lease: Lease, manifest: Manifest) -> None:
        """Finish a job: exactly one commit of a job succeeds. Raises StaleLease for every other one."""
        await self._dispatcher.commit(lease, manifest)

    async def release(self, lease: Lease, error: JobError, *, retry_in: float = 0.0, counts: bool = True) -> JobStatus:
        """Give a job back that could not be run for a reason outside of it; see the protocol."""
        return await self._dispatcher.release(lease, error, retry_in=retry_in, counts=counts)

    async def cancel(self, prompt_id: str) -> JobStatus:
        """Cancel a job that has not finished and return its status afterwards; the worker that runs it is told. Raises UnknownJob."""
        return await self._dispatcher.cancel(prompt_id)

    async def canceled(self, lease: Lease) -> None:
        """Return when the leased job is canceled or taken away; wait for ever otherwise."""
        await self._dispatcher.canceled(lease)

    async def queue_length(self, pool: str | None = None) -> int:
        """Return how many jobs are waiting."""
        return self._dispatcher.length(pool)

    async def position(self, prompt_id: str) -> int | None:
        """Return how many jobs stand before this one; None when it does not wait."""
        return await self._queue.position(prompt_id)

    # --- news and presence --------------------------------------------------------------------------------------------
    async def emit(self, prompt_id: str, events: Iterable[Event]) -> None:
        """Number the events and carry them to whoever follows the job. Never fails a job."""
        try:
            await self._bus.emit(prompt_id, events)
        except ViewComfyError as fault:
            log.warning("events lost", prompt_id=prompt_id, error=str(fault))

    async def events(self, prompt_id: str, after_seq: int = 0) -> AsyncIterator[Event]:
        """Follow a job: every kept event with a greater seq, then live ones, until the final STATUS event. Raises UnknownJob."""
        self._running()
        async for event in self._bus.follow(prompt_id, after_seq):
            yield event

    async def ended(self, prompt_id: str) -> None:
        """Return once the job has its final status. Raises UnknownJob."""
        self._running()
        await self._bus.ended(prompt_id)

    async def present(self, info: WorkerInfo) -> None:
        """Tell that a worker is there; it is forgotten some 15 seconds after the last time."""
        self._presence.note(info)

    async def workers(self, pool: str | None = None) -> list[WorkerInfo]:
        """Return the workers that are there."""
        return self._presence.workers(pool)

    async def ask(self, worker: str, order: Mapping[str, Any], *, patience: float = 10.0) -> Mapping[str, Any]:
        """Give a worker an order and return its answer; see the protocol. Raises UnknownWorker, ServerUnavailable."""
        return await self._orders.ask(worker, order, patience)

    async def serve(self, worker: str, answer: Answerer) -> None:
        """Answer what this worker is asked, for ever."""
        await self._orders.serve(worker, answer)

    def _running(self) -> None:
        if self._storing is None:
            raise ServerUnavailable("The engine is not running.", retry_after=1.0)
