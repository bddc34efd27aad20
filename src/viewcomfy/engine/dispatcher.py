"""The dispatcher: it gives out the jobs of the store, by the policy, with everything in view; there is one at a time."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Self

import structlog

from viewcomfy.core.errors import Conflict, ServerUnavailable, StaleLease, ViewComfyError, WorkerLost
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.engine.base import Claimer, Lease, Ticket
from viewcomfy.engine.claims import Choice, Fits, Ledger, Match, Waiter, fits_all
from viewcomfy.engine.errands import Errands
from viewcomfy.engine.rows import QueueRows
from viewcomfy.engine.standing import REMEMBERED, Gone, Standing, Tell
from viewcomfy.engine.takeover import Takeover

SWEEP_EVERY = 1.0
LOOK_EVERY = 2.0
"""Seconds after which waiting workers look at the rows without having been told to: a job may have been stored and never enqueued."""

LOST = JobError(WorkerLost.code, "The worker that ran the job stopped reporting.")
_NOBODY_WAITED = JobError(WorkerLost.code, "The worker that asked for the job was gone when it came.")

log = structlog.get_logger(__name__)


class Dispatcher:
    """Gives out jobs, keeps their leases and ends. Call `recover` or `resume`, then use it as an async context manager.

    `tell` takes every change of status in order, `gone` each lease whose job was taken from its holder. `attempts` is how often a job
    may be lost before it fails. `may_act` tells whether it is still the only one.
    """

    def __init__(
        self,
        queue: QueueRows,
        tell: Tell,
        *,
        lease_seconds: float = 30.0,
        attempts: int = 3,
        clock: Callable[[], float] = time.time,
        fits: Fits = fits_all,
        gone: Gone = lambda _: None,
        may_act: Callable[[], bool] = lambda: True,
    ) -> None:
        self._queue = queue
        self._lease_seconds = lease_seconds
        self._attempts = attempts
        self._clock = clock
        self._fits = fits
        self._may_act = may_act
        self._began = clock()
        self._standing = Standing(tell, gone, clock)
        self._takeover = Takeover(queue, self._standing, lease_seconds=lease_seconds, clock=clock)
        self._uncertain: set[tuple[str, int]] = set()  # the attempts of which it is not known whether they were finished
        self._limits: Mapping[str, int] = {}
        self._ledger = Ledger()
        self._waiters: dict[int, Waiter] = {}
        self._numbers = itertools.count(1)
        self._fresh: set[str] = set()  # the pools in which there may be a job to give out
        self._held_back: set[str] = set()  # the pools in which jobs wait for a running one of their key to end
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._errands = Errands()

    # --- its life -----------------------------------------------------------------------------------------------------
    async def recover(self, unfinished: Iterable[tuple[str, str, JobStatus, int]]) -> None:
        """Take back what the process before this one was running: nothing survives the only process."""
        any_running = False
        for prompt_id, pool, status, _ in unfinished:
            if status is JobStatus.QUEUED:
                self._standing.note_queued(prompt_id, pool)
            any_running = any_running or status is JobStatus.RUNNING
            self._fresh.add(pool)
        if any_running:
            await self._expire(float("inf"))

    async def resume(self) -> None:
        """Go on where another dispatcher has stopped: the workers run on, and every lease begins anew."""
        self._fresh |= await self._takeover.resume()

    async def __aenter__(self) -> Self:
        self._limits = await self._queue.running_limits()
        await self._errands.__aenter__()
        for loop in (self._give_out(), self._sweep()):
            self._errands.start(loop)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send everyone away who waits, and finish what was begun. Jobs that still run are the next dispatcher's."""
        self._closing.set()
        self._wake.set()
        for waiter in list(self._waiters.values()):
            _refuse(waiter, ServerUnavailable("The server is shutting down.", retry_after=1.0))
        await self._errands.__aexit__()

    # --- jobs ---------------------------------------------------------------------------------------------------------
    async def enqueue(self, ticket: Ticket) -> None:
        """Make a stored job available to workers. Calling it again for the same job does nothing."""
        self._errands.check()
        if await self._is_new(ticket):
            self._standing.queue(ticket.prompt_id, ticket.pool)
        self._look(ticket.pool)

    async def _is_new(self, ticket: Ticket) -> bool:
        prompt_id = ticket.prompt_id
        if self._standing.knows(prompt_id):
            return False
        if ticket.queued_at > max(self._clock() - REMEMBERED, self._began):  # had it ended since then, that would be remembered
            return True
        job = await self._queue.standing(prompt_id)
        return job is not None and job.status is JobStatus.QUEUED and not self._standing.knows(prompt_id)

    async def claim(self, claimer: Claimer) -> Lease:
        """Wait for a job that this worker may run, and lease it. Cancelling the call never loses a job."""
        self._errands.check()
        number = next(self._numbers)
        waiter = Waiter(claimer, number, asyncio.get_running_loop().create_future())
        self._waiters[number] = waiter
        self._wake.set()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            lease = _granted(waiter)
            if lease is not None and self._errands.is_open:
                self._errands.start(self._give_back(lease))
            raise
        finally:
            del self._waiters[number]

    async def job(self, lease: Lease) -> Job | None:
        """Return the leased job with its workflow; None when the lease is not valid any more."""
        job = await self._queue.job(lease.prompt_id)
        return job if job is not None and job.status is JobStatus.RUNNING and job.attempt == lease.attempt else None

    async def extend(self, lease: Lease) -> Lease:
        """Renew a lease. Raises StaleLease when the job has been given to somebody else, canceled or finished."""
        renewed = replace(lease, expires_at=self._clock() + self._lease_seconds)
        await self._errands.finish(self._queue.extend(lease.prompt_id, lease.attempt, expires_at=renewed.expires_at))
        self._standing.renew(renewed)
        return renewed

    async def commit(self, lease: Lease, manifest: Manifest, *, again: bool = False) -> None:
        """Finish a job: exactly one commit of a job succeeds. Raises StaleLease for every other one.

        `again`: it is repeated because the answer was lost, and so it has succeeded if it succeeded the first time.
        """
        if not manifest.status.is_final:
            raise Conflict(f"A job can't be finished as {manifest.status.value}.")
        await self._errands.finish(self._commit(lease, manifest, again=again))

    async def release(self, lease: Lease, error: JobError, *, retry_in: float = 0.0, counts: bool = True) -> JobStatus:
        """Give a job back that could not be run for a reason outside of it; see the protocol."""
        return await self._errands.finish(self._release(lease, error, retry_in, counts))

    async def cancel(self, prompt_id: str) -> JobStatus:
        """Cancel a job that has not finished and return its status afterwards; the worker that runs it is told. Raises UnknownJob."""
        return await self._errands.finish(self._cancel(prompt_id))

    async def canceled(self, lease: Lease) -> None:
        """Return when the leased job is canceled or taken away; wait for ever otherwise."""
        held = self._standing.held(lease.prompt_id)
        if held is not None and held.lease.attempt == lease.attempt:
            await held.gone.wait()

    def lease(self, prompt_id: str) -> Lease | None:
        """Return the lease of a job that runs, as far as this dispatcher knows."""
        held = self._standing.held(prompt_id)
        return None if held is None else held.lease

    def length(self, pool: str | None = None) -> int:
        """Return how many jobs are waiting."""
        return self._standing.length(pool)

    # --- giving out ---------------------------------------------------------------------------------------------------
    async def _give_out(self) -> None:
        while not self._closing.is_set():
            await self._wake.wait()
            self._wake.clear()
            for pool in self._fresh & self._waited_for():
                while not self._closing.is_set() and await self._give_one(pool):
                    pass

    def _waited_for(self) -> set[str]:
        return {waiter.claimer.pool for waiter in self._waiters.values()}

    async def _give_one(self, pool: str) -> bool:
        """Give one job of a pool to one of those who wait; tell whether to try again."""
        waiters = tuple(waiter for waiter in self._waiters.values() if waiter.claimer.pool == pool and not waiter.granted.done())
        if not waiters or not self._may_act():
            return False
        now = self._clock()
        choice = Choice(waiters, self._ledger.shares(self._standing.running(), self._limits, now), now, self._fits)
        self._fresh.discard(pool)  # before asking: what is enqueued in the meantime counts as fresh
        try:
            claimed = await self._queue.claim(pool, choice.pick, now=now, expires_at=now + self._lease_seconds)
        except ViewComfyError as fault:
            self._fresh.add(pool)
            for waiter in waiters:
                _refuse(waiter, fault)
            return False
        self._note_rest(pool, choice)
        if claimed is not None and choice.match is not None:
            await self._grant(
                Lease(*claimed, choice.match.waiter.claimer.worker, now + self._lease_seconds, pool, self._lease_seconds), choice.match
            )
            return True
        if choice.look_again_at is not None:
            self._look_in(pool, choice.look_again_at - now)
        return False

    def _note_rest(self, pool: str, choice: Choice) -> None:
        """Note whether there is more to give out in a pool, now or later."""
        if choice.more:
            self._fresh.add(pool)
        if choice.held_back:
            self._held_back.add(pool)

    async def _grant(self, lease: Lease, match: Match) -> None:
        self._standing.run(lease, match.lane.key_id, match.lane.affinity)
        self._ledger.gave(match.lane, self._clock())
        if match.waiter.granted.done() or not self._may_act():  # canceled while the row was being claimed
            await self._give_back(lease)
        else:
            match.waiter.granted.set_result(lease)

    async def give_back(self, lease: Lease) -> None:
        """Take a job back that nobody has begun: whoever asked for it did not take it."""
        await self._errands.finish(self._give_back(lease))

    async def _give_back(self, lease: Lease) -> None:
        """Pass a job that nobody has begun on to who else waits under the worker's name, or queue it; at worst its lease ends."""
        held = self._standing.held(lease.prompt_id)
        if held is not None and self._may_act():
            for waiter in self._waiters.values():
                if not waiter.granted.done() and self._may_have(waiter.claimer, lease, held.affinity):
                    waiter.granted.set_result(lease)
                    return
        try:
            await self._release(lease, _NOBODY_WAITED, 0.0, counts=False)
        except ViewComfyError as fault:
            log.warning("job not given back", prompt_id=lease.prompt_id, error=str(fault))

    def _may_have(self, claimer: Claimer, lease: Lease, affinity: str | None) -> bool:
        """Tell whether a job may be passed on to somebody of the same worker, whose backend may be another one."""
        if (claimer.worker, claimer.pool, claimer.patience) != (lease.worker, lease.pool, 0.0) or affinity is None:
            return False
        return affinity not in claimer.unfit and self._fits(claimer, affinity)

    def _look(self, pool: str) -> None:
        self._fresh.add(pool)
        self._wake.set()

    def _look_in(self, pool: str, seconds: float) -> None:
        # a moment later than asked: looking too early would find nothing
        asyncio.get_running_loop().call_later(max(0.0, seconds) + 0.01, self._look, pool)

    # --- changes of a job, each a task of its own: once begun, its end is told even if the caller goes away ---------------
    async def _commit(self, lease: Lease, manifest: Manifest, *, again: bool) -> None:
        attempt = lease.prompt_id, lease.attempt
        try:
            await self._queue.commit(*attempt, manifest, now=self._clock())
        except ServerUnavailable:
            self._uncertain.add(attempt)
            raise
        except StaleLease:
            job = await self._queue.standing(lease.prompt_id) if again or attempt in self._uncertain else None
            if job is None or (job.status, job.attempt, job.error) != (manifest.status, lease.attempt, manifest.error):
                raise
        self._uncertain.discard(attempt)
        self._standing.end(lease, manifest.status, manifest.error)
        self._look_at_held_back()

    async def _release(self, lease: Lease, error: JobError, retry_in: float, counts: bool) -> JobStatus:
        now = self._clock()
        job = await self._queue.release(
            lease.prompt_id, lease.attempt, error, now=now, run_after=now + retry_in if retry_in else 0.0,
            counts=counts, attempts=self._attempts,
        )  # fmt: skip
        self._standing.give_up(lease)
        self._settle(job)
        if retry_in:
            self._look_in(job.pool, retry_in)
        return job.status

    async def _cancel(self, prompt_id: str) -> JobStatus:
        job, changed = await self._queue.cancel(prompt_id, now=self._clock())
        if changed:
            self._settle(job)
        return job.status

    async def _expire(self, ended_by: float) -> None:
        for job in await self._queue.expire(LOST, ended_by=ended_by, now=self._clock(), attempts=self._attempts):
            self._settle(job)

    def _settle(self, job: Job) -> None:
        self._standing.settle(job)
        if job.status is JobStatus.QUEUED:
            self._look(job.pool)
        self._look_at_held_back()

    def _look_at_held_back(self) -> None:
        """Have those looked at that a limit of their key has held back: one of its jobs may have ended."""
        for pool in self._held_back:
            self._look(pool)
        self._held_back.clear()

    # --- upkeep -------------------------------------------------------------------------------------------------------
    async def _sweep(self) -> None:
        """Take back jobs whose lease has ended; now and then look for jobs that nobody has told of."""
        looked = self._clock()
        while not await self._closes_within(min(SWEEP_EVERY, self._lease_seconds / 4)):
            now = self._clock()
            self._standing.forget_ended()
            try:
                await self._sweep_once(now)
            except ViewComfyError as fault:
                log.warning("leases not swept", error=str(fault))
            if self._waiters and now - looked >= LOOK_EVERY:
                looked = now
                for pool in self._waited_for():
                    self._look(pool)

    async def _sweep_once(self, now: float) -> None:
        self._limits = await self._queue.running_limits()
        for pool in await self._takeover.sync():
            self._look(pool)
        if self._standing.is_overdue(now) and self._may_act():
            await self._expire(now)

    async def _closes_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return False
        return True


def _granted(waiter: Waiter) -> Lease | None:
    future = waiter.granted
    return future.result() if future.done() and not future.cancelled() and future.exception() is None else None


def _refuse(waiter: Waiter, fault: ViewComfyError) -> None:
    if not waiter.granted.done():
        waiter.granted.set_exception(fault)
