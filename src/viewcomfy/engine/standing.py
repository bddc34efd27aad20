"""Standing is what the dispatcher remembers of the jobs: which wait, which run on what lease, which have just ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile

from viewcomfy.core.jobs import Job, JobError, JobStatus
from viewcomfy.engine.base import Lease
from viewcomfy.engine.claims import Queued

Tell = Callable[[str, str, JobStatus, int, JobError | None], None]
"""Takes a change of status: prompt_id, pool, status, attempt, error."""
Gone = Callable[[Lease], None]
"""Takes a lease whose job was taken from its holder."""

REMEMBERED = 60.0
"""Seconds for which the end of a job is remembered without asking the store."""


@dataclass(slots=True)
class Held:
    """A job that runs, and the signal that it has been taken from the worker that holds it. `affinity` is None where it is not known."""

    lease: Lease
    key_id: str
    affinity: str | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class Standing:
    """Takes in what has become of jobs, and tells it in that order."""

    def __init__(self, tell: Tell, gone: Gone, clock: Callable[[], float]) -> None:
        self.tell = tell
        self._gone = gone
        self._clock = clock
        self._queued = Queued()
        self._held: dict[str, Held] = {}
        self._ended: dict[str, float] = {}

    # --- what is known ------------------------------------------------------------------------------------------------
    def knows(self, prompt_id: str) -> bool:
        """Tell whether a job waits, runs, or has ended within the last REMEMBERED seconds."""
        return prompt_id in self._queued or prompt_id in self._held or prompt_id in self._ended

    def waits(self, prompt_id: str) -> bool:
        """Tell whether a job waits."""
        return prompt_id in self._queued

    def held(self, prompt_id: str) -> Held | None:
        """Return a job that runs."""
        return self._held.get(prompt_id)

    def leases(self) -> list[Lease]:
        """Return the leases of the jobs that run."""
        return [held.lease for held in self._held.values()]

    def length(self, pool: str | None) -> int:
        """Return how many jobs wait in a pool, or in all of them."""
        return self._queued.length(pool)

    def running(self) -> Counter[str]:
        """Return how many jobs of each key run."""
        return Counter(held.key_id for held in self._held.values())

    def is_overdue(self, now: float) -> bool:
        """Tell whether the lease of some job has ended."""
        return any(held.lease.expires_at <= now for held in self._held.values())

    # --- what becomes of jobs -----------------------------------------------------------------------------------------
    def note_queued(self, prompt_id: str, pool: str) -> None:
        """Take in that a job waits, of which that has been told."""
        self._queued.add(prompt_id, pool)

    def note_running(self, lease: Lease, key_id: str, affinity: str | None = None) -> None:
        """Take in that a job runs, of which that has been told."""
        self._queued.discard(lease.prompt_id)
        self._held[lease.prompt_id] = Held(lease, key_id, affinity)

    def queue(self, prompt_id: str, pool: str) -> None:
        """Take in a job that is new."""
        self._queued.add(prompt_id, pool)
        self.tell(prompt_id, pool, JobStatus.QUEUED, 0, None)

    def run(self, lease: Lease, key_id: str, affinity: str) -> None:
        """Take in that a job was given out."""
        if lease.prompt_id not in self._queued:  # stored, and never enqueued
            self.tell(lease.prompt_id, lease.pool, JobStatus.QUEUED, lease.attempt - 1, None)
        self.note_running(lease, key_id, affinity)
        self.tell(lease.prompt_id, lease.pool, JobStatus.RUNNING, lease.attempt, None)

    def renew(self, lease: Lease) -> None:
        """Take in that the lease of a job was renewed."""
        held = self._held.get(lease.prompt_id)
        if held is not None and held.lease.attempt == lease.attempt:
            held.lease = lease

    def end(self, lease: Lease, status: JobStatus, error: JobError | None) -> None:
        """Take in that a job was finished by its holder."""
        self._held.pop(lease.prompt_id, None)
        self._forget(lease.prompt_id)
        self.tell(lease.prompt_id, lease.pool, status, lease.attempt, error)

    def give_up(self, lease: Lease) -> None:
        """Take in that the holder of a job gives it back: it need not be told."""
        self._held.pop(lease.prompt_id, None)

    def settle(self, job: Job) -> None:
        """Take in a job that has left its worker or the queue; its holder is told."""
        held = self._held.pop(job.prompt_id, None)
        if held is not None:
            held.gone.set()
            self._gone(held.lease)
        if job.status is JobStatus.QUEUED:
            self._queued.add(job.prompt_id, job.pool)
        else:
            self._forget(job.prompt_id)
        self.tell(job.prompt_id, job.pool, job.status, job.attempt, job.error)

    def _forget(self, prompt_id: str) -> None:
        self._queued.discard(prompt_id)
        self._ended[prompt_id] = self._clock()

    def forget_ended(self) -> None:
        """Forget the jobs that have ended longer ago than REMEMBERED."""
        before = self._clock() - REMEMBERED
        for prompt_id in list(takewhile(lambda prompt_id: self._ended[prompt_id] < before, self._ended)):
            del self._ended[prompt_id]
