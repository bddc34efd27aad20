"""The engine of one machine: the store's rows, an in-process bus, no server."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

import structlog

from viewcomfy.core.errors import Conflict, ServerUnavailable, ViewComfyError, WorkerLost
from viewcomfy.core.events import Event
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.core.scheduling import Lane, Shares
from viewcomfy.engine.base import Answerer, Claimer, Lease, Ticket, WorkerInfo
from viewcomfy.engine.local_bus import REMEMBERED, Bus
from viewcomfy.engine.claims import Choice, Match, Queued, Waiter
from viewcomfy.engine.local_orders import Orders
from viewcomfy.engine.local_presence import Presence
from viewcomfy.engine.rows import EventRows, QueueRows

T = TypeVar("T")

STORE_EVENTS_EVERY = 0.5
SWEEP_EVERY = 1.0
LOOK_EVERY = 2.0
"""Seconds after which waiting workers look at the rows without having been told to: a job may have been stored and never enqueued."""

LOST = JobError(WorkerLost.code, "The worker that ran the job stopped reporting.")
_NOBODY_WAITED = JobError(WorkerLost.code, "The worker that asked for the job was gone when it came.")

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Held:
    """A job that runs, and the signal that it has been taken from the worker that holds it."""

    lease: Lease
    lane: Lane
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class LocalEngine:
    """The engine for a single process. Use it as an async context manager: it owns the tasks that give out jobs and store events.

    `attempts` is how often a job may be lost before it fails. Entering it takes back what a process before this one was running.
    """

    def __init__(
        self, queue: QueueRows, events: EventRows, *, lease_seconds: float = 30.0, attempts: int = 3, clock: Callable[[], float] = time.time
    ) -> None:
        self._queue = queue
        self._lease_seconds = lease_seconds
        self._attempts = attempts
        self._clock = clock
        self._bus = Bus(queue, events, clock)
        self._presence = Presence(clock)
        self._orders = Orders(lambda name: any(info.name == name for info in self._presence.workers()))
        self._queued = Queued()
        self._held: dict[str, _Held] = {}
        self._served: dict[str, int] = {}
        self._waiters: dict[int, Waiter] = {}
        self._numbers = itertools.count(1)
        self._fresh: set[str] = set()  # the pools in which there may be a job to give out
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None

    # --- its life -----------------------------------------------------------------------------------------------------
    async def __aenter__(self) -> Self:
        await self._recover()
        self._group = await asyncio.TaskGroup().__aenter__()
        for loop in (self._give_out(), self._sweep(), self._store_events()):
            self._group.create_task(loop)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send everyone away who waits, and finish what was begun. Jobs that still run are taken back at the next start."""
        self._closing.set()
        self._wake.set()
        for waiter in list(self._waiters.values()):
            _refuse(waiter, ServerUnavailable("The server is shutting down.", retry_after=1.0))
        group, self._group = self._group, None
        if group is not None:
            await group.__aexit__(None, None, None)
        self._bus.close()
        await self._bus.store()

    async def _recover(self) -> None:
        """Nothing survives the only process: what it was running is queued again, or failed when that was its last attempt."""
        unfinished = await self._queue.unfinished()
        self._bus.resume((prompt_id, last_seq) for prompt_id, _, _, last_seq in unfinished)
        for prompt_id, pool, status, _ in unfinished:
            if status is JobStatus.QUEUED:
                self._queued.add(prompt_id, pool)
            self._fresh.add(pool)
        if any(status is JobStatus.RUNNING for _, _, status, _ in unfinished):
            for job in await self._queue.expire(LOST, ended_by=float("inf"), now=self._clock(), attempts=self._attempts):
                self._settle(job)

    # --- jobs ---------------------------------------------------------------------------------------------------------
    async def enqueue(self, ticket: Ticket) -> None:
        """Make a stored job available to workers. Calling it again for the same job does nothing."""
        self._running()
        if await self._is_new(ticket):
            self._queued.add(ticket.prompt_id, ticket.pool)
            self._bus.status(ticket.prompt_id, JobStatus.QUEUED, 0)
        self._look(ticket.pool)

    async def _is_new(self, ticket: Ticket) -> bool:
        prompt_id = ticket.prompt_id
        if prompt_id in self._queued or prompt_id in self._held or self._bus.has_ended(prompt_id):
            return False
        if self._clock() - ticket.queued_at < REMEMBERED:  # had it ended since then, that would be remembered
            return True
        job = await self._queue.standing(prompt_id)
        return job is not None and job.status is JobStatus.QUEUED and prompt_id not in self._queued and prompt_id not in self._held

    async def claim(self, claimer: Claimer) -> Lease:
        """Wait for a job that this worker may run, and lease it. Cancelling the call never loses a job."""
        self._running()
        number = next(self._numbers)
        waiter = Waiter(claimer, number, asyncio.get_running_loop().create_future())
        self._waiters[number] = waiter
        self._wake.set()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            lease = _granted(waiter)
            if lease is not None and self._group is not None:
                self._group.create_task(self._give_back(lease))
            raise
        finally:
            del self._waiters[number]

    async def extend(self, lease: Lease) -> Lease:
        """Renew a lease. Raises StaleLease when the job has been given to somebody else, canceled or finished."""
        renewed = replace(lease, expires_at=self._clock() + self._lease_seconds)
        await self._finish(self._queue.extend(lease.prompt_id, lease.attempt, expires_at=renewed.expires_at))
        held = self._held.get(lease.prompt_id)
        if held is not None and held.lease.attempt == lease.attempt:
            held.lease = renewed
        return renewed

    async def commit(self, lease: Lease, manifest: Manifest) -> None:
        """Finish a job: exactly one commit of a job succeeds. Raises StaleLease for every other one."""
        if not manifest.status.is_final:
            raise Conflict(f"A job can't be finished as {manifest.status.value}.")
        await self._finish(self._commit(lease, manifest))

    async def release(self, lease: Lease, error: JobError, *, retry_in: float = 0.0, counts: bool = True) -> JobStatus:
        """Give a job back that could not be run for a reason outside of it; see the protocol."""
        return await self._finish(self._release(lease, error, retry_in, counts))

    async def cancel(self, prompt_id: str) -> JobStatus:
        """Cancel a job that has not finished and return its status afterwards; the worker that runs it is told. Raises UnknownJob."""
        return await self._finish(self._cancel(prompt_id))

    async def canceled(self, lease: Lease) -> None:
        """Return when the leased job is canceled or taken away; wait for ever otherwise."""
        held = self._held.get(lease.prompt_id)
        if held is not None and held.lease.attempt == lease.attempt:
            await held.gone.wait()

    async def queue_length(self, pool: str | None = None) -> int:
        """Return how many jobs are waiting."""
        return self._queued.length(pool)

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

    # --- giving out ---------------------------------------------------------------------------------------------------
    async def _give_out(self) -> None:
        while not self._closing.is_set():
            await self._wake.wait()
            self._wake.clear()
            for pool in self._fresh & {waiter.claimer.pool for waiter in self._waiters.values()}:
                while not self._closing.is_set() and await self._give_one(pool):
                    pass

    async def _give_one(self, pool: str) -> bool:
        """Give one job of a pool to one of those who wait; tell whether to try again."""
        waiters = tuple(waiter for waiter in self._waiters.values() if waiter.claimer.pool == pool and not waiter.granted.done())
        if not waiters:
            return False
        now = self._clock()
        running = Counter(held.lane.key_id for held in self._held.values())
        choice = Choice(waiters, Shares(running, self._served), now)
        self._fresh.discard(pool)  # before asking: what is enqueued in the meantime counts as fresh
        try:
            claimed = await self._queue.claim(pool, choice.pick, now=now, expires_at=now + self._lease_seconds)
        except ViewComfyError as fault:
            self._fresh.add(pool)
            for waiter in waiters:
                _refuse(waiter, fault)
            return False
        if choice.more:
            self._fresh.add(pool)
        if claimed is not None and choice.match is not None:
            await self._grant(Lease(*claimed, choice.match.waiter.claimer.worker, now + self._lease_seconds), choice.match)
            return True
        if choice.look_again_at is not None:
            self._look_in(pool, choice.look_again_at - now)
        return False

    async def _grant(self, lease: Lease, match: Match) -> None:
        self._held[lease.prompt_id] = _Held(lease, match.lane)
        self._served[match.lane.key_id] = next(self._numbers)
        self._queued.discard(lease.prompt_id)
        self._bus.status(lease.prompt_id, JobStatus.RUNNING, lease.attempt)
        if match.waiter.granted.done():  # canceled while the row was being claimed
            await self._give_back(lease)
        else:
            match.waiter.granted.set_result(lease)

    async def _give_back(self, lease: Lease) -> None:
        """Pass a job that nobody has begun on to who else waits under the worker's name, or queue it; at worst its lease ends."""
        held = self._held.get(lease.prompt_id)
        for waiter in self._waiters.values():
            claimer = waiter.claimer
            fits = held is not None and (claimer.worker, claimer.pool, claimer.patience) == (lease.worker, held.lane.pool, 0.0)
            if fits and not waiter.granted.done():
                waiter.granted.set_result(lease)
                return
        try:
            await self._release(lease, _NOBODY_WAITED, 0.0, counts=False)
        except ViewComfyError as fault:
            log.warning("job not given back", prompt_id=lease.prompt_id, error=str(fault))

    def _look(self, pool: str) -> None:
        self._fresh.add(pool)
        self._wake.set()

    def _look_in(self, pool: str, seconds: float) -> None:
        # a moment later than asked: looking too early would find nothing
        asyncio.get_running_loop().call_later(max(0.0, seconds) + 0.01, self._look, pool)

    # --- changes of a job, each a task of the engine's own: once begun, its end is told even if the caller goes away ------
    async def _commit(self, lease: Lease, manifest: Manifest) -> None:
        await self._queue.commit(lease.prompt_id, lease.attempt, manifest, now=self._clock())
        self._held.pop(lease.prompt_id, None)
        self._bus.status(lease.prompt_id, manifest.status, lease.attempt, manifest.error)

    async def _release(self, lease: Lease, error: JobError, retry_in: float, counts: bool) -> JobStatus:
        now = self._clock()
        job = await self._queue.release(
            lease.prompt_id, lease.attempt, error, now=now, run_after=now + retry_in if retry_in else 0.0,
            counts=counts, attempts=self._attempts,
        )  # fmt: skip
        self._held.pop(lease.prompt_id, None)  # not `gone`: it is the holder itself that gives it back
        self._settle(job)
        if retry_in:
            self._look_in(job.pool, retry_in)
        return job.status

    async def _cancel(self, prompt_id: str) -> JobStatus:
        job, changed = await self._queue.cancel(prompt_id, now=self._clock())
        if changed:
            self._settle(job)
        return job.status

    def _settle(self, job: Job) -> None:
        """Draw the consequences of a job that has left its worker or the queue."""
        held = self._held.pop(job.prompt_id, None)
        if held is not None:
            held.gone.set()
        if job.status is JobStatus.QUEUED:
            self._queued.add(job.prompt_id, job.pool)
            self._look(job.pool)
        else:
            self._queued.discard(job.prompt_id)
        self._bus.status(job.prompt_id, job.status, job.attempt, job.error)

    # --- upkeep -------------------------------------------------------------------------------------------------------
    async def _sweep(self) -> None:
        """Take back jobs whose lease has ended; now and then look for jobs that nobody has told of."""
        every = min(SWEEP_EVERY, self._lease_seconds / 4)
        looked = self._clock()
        while not await self._closes_within(every):
            now = self._clock()
            if any(held.lease.expires_at <= now for held in self._held.values()):
                try:
                    for job in await self._queue.expire(LOST, ended_by=now, now=now, attempts=self._attempts):
                        self._settle(job)
                except ViewComfyError as fault:
                    log.warning("leases not swept", error=str(fault))
            if self._waiters and now - looked >= LOOK_EVERY:
                looked = now
                for pool in {waiter.claimer.pool for waiter in self._waiters.values()}:
                    self._look(pool)

    async def _store_events(self) -> None:
        while not await self._closes_within(STORE_EVENTS_EVERY):
            await self._bus.store()

    async def _closes_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return False
        return True

    # --- tasks --------------------------------------------------------------------------------------------------------
    async def _finish(self, change: Coroutine[Any, Any, T]) -> T:
        """Carry a change out to its end, whether or not the caller waits for it."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def carry_out() -> None:
            try:
                result = await change
            except Exception as fault:  # whatever it is belongs to the caller: it must not end the engine
                if not done.cancelled():
                    done.set_exception(fault)
                elif not isinstance(fault, ViewComfyError):
                    log.exception("a change of a job failed")
            else:
                if not done.cancelled():
                    done.set_result(result)

        if self._group is None:
            change.close()
        self._running().create_task(carry_out())
        return await done

    def _running(self) -> asyncio.TaskGroup:
        if self._group is None:
            raise ServerUnavailable("The engine is not running.", retry_after=1.0)
        return self._group


def _granted(waiter: Waiter) -> Lease | None:
    future = waiter.granted
    return future.result() if future.done() and not future.cancelled() and future.exception() is None else None


def _refuse(waiter: Waiter, fault: ViewComfyError) -> None:
    if not waiter.granted.done():
        waiter.granted.set_exception(fault)
