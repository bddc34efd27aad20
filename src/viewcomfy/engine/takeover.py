"""The takeover: a new dispatcher learns from the rows where another one has stopped, and later what has passed it by."""

from __future__ import annotations

import time
from collections.abc import Callable

from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.engine.base import Lease
from viewcomfy.engine.rows import QueueRows
from viewcomfy.engine.standing import Standing

RETOLD = 15.0
"""Changes of status this many seconds old are told again: the one before may have died between a change and its news.

Who carries the news must drop what was told already, and has to remember it for longer than this.
"""
SYNC_EVERY = 15.0


class Takeover:
    """Brings a `Standing` in line with rows that others have changed. It compares no clock with another machine's."""

    def __init__(self, queue: QueueRows, standing: Standing, *, lease_seconds: float, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._standing = standing
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._synced = time.monotonic()

    async def resume(self) -> set[str]:
        """Take in all that waits and runs, give every lease its full time, and return the pools with jobs that wait."""
        now = self._clock()
        await self._queue.renew_all(expires_at=now + self._lease_seconds)
        for job in await self._queue.finished_since(now - RETOLD):
            self._standing.tell(job.prompt_id, job.pool, job.status, job.attempt, job.error)
        for job in await self._queue.running():
            self._standing.note_running(self._lease(job), job.key_id)
            if (job.started_at or 0.0) > now - RETOLD:
                self._standing.tell(job.prompt_id, job.pool, JobStatus.RUNNING, job.attempt, None)
        return await self._take_in_queued()

    async def sync(self) -> set[str]:
        """Now and then, find jobs that wait, run or have ended without this dispatcher's doing; return the pools to look at."""
        if time.monotonic() - self._synced < SYNC_EVERY:
            return set()
        self._synced = time.monotonic()
        before = {lease.prompt_id: lease.attempt for lease in self._standing.leases()}
        running = {job.prompt_id: job.attempt for job in await self._queue.running()}
        for prompt_id in before.keys() | running.keys():
            if before.get(prompt_id) != running.get(prompt_id):
                await self._look_at(prompt_id)
        return await self._take_in_queued()

    async def _look_at(self, prompt_id: str) -> None:
        """Take in how a job stands, unless what seemed odd was only a change on its way."""
        job = await self._queue.standing(prompt_id)
        held = self._standing.held(prompt_id)
        if job is None or (held is not None and (job.status, job.attempt) == (JobStatus.RUNNING, held.lease.attempt)):
            return
        if held is not None:
            self._standing.settle(job)
        elif job.status is JobStatus.RUNNING:  # given out by a dispatcher that did not know yet that it was none any more
            lease = self._lease(job)
            await self._queue.extend(prompt_id, job.attempt, expires_at=lease.expires_at)
            self._standing.note_running(lease, job.key_id)

    async def _take_in_queued(self) -> set[str]:
        pools = set()
        now = self._clock()
        for prompt_id, pool, attempt, queued_at in await self._queue.queued():
            pools.add(pool)
            if not self._standing.knows(prompt_id):
                self._standing.note_queued(prompt_id, pool)
                if queued_at > now - RETOLD:
                    self._standing.tell(prompt_id, pool, JobStatus.QUEUED, attempt, None)
        return pools

    def _lease(self, job: Job) -> Lease:
        return Lease(job.prompt_id, job.attempt, job.worker or "", self._clock() + self._lease_seconds, job.pool, self._lease_seconds)
