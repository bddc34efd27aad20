"""What an engine needs of a store: the jobs as a queue, and the events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from viewcomfy.core.events import Event
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.core.scheduling import Lane

Choose = Callable[[Sequence[Lane]], tuple[Lane, str] | None]
"""Given the lanes of a pool with a job that can go now, return the lane to take one from and the worker that gets it."""


class QueueRows(Protocol):
    """The jobs as a queue. Each call is one transaction; attempt and status are compared before anything is set."""

    async def claim(self, pool: str, choose: Choose, *, now: float, expires_at: float) -> tuple[str, int] | None:
        """Give the oldest job of the chosen lane to the chosen worker; return its prompt_id and attempt.

        `choose` may be called on another thread.
        """

    async def extend(self, prompt_id: str, attempt: int, *, expires_at: float) -> None:
        """Move the end of a lease; raise StaleLease."""

    async def commit(self, prompt_id: str, attempt: int, manifest: Manifest, *, now: float) -> None:
        """Finish a job; raise StaleLease."""

    async def release(
        self, prompt_id: str, attempt: int, error: JobError, *, now: float, run_after: float, counts: bool, attempts: int
    ) -> Job:
        """Queue a job again or fail it, and return it as it then is; raise StaleLease."""
        raise NotImplementedError

    async def cancel(self, prompt_id: str, *, now: float) -> tuple[Job, bool]:
        """Cancel a job; return it as it then is, and whether this call has changed it. Raises UnknownJob."""
        raise NotImplementedError

    async def expire(self, error: JobError, *, ended_by: float, now: float, attempts: int) -> list[Job]:
        """Release every running job whose lease ends before a time, and return each as it then is."""
        raise NotImplementedError

    async def unfinished(self) -> list[tuple[str, str, JobStatus, int]]:
        """Return prompt_id, pool, status and the last stored seq of every job that is not finished."""
        raise NotImplementedError

    async def queued(self) -> list[tuple[str, str, int, float]]:
        """Return prompt_id, pool, attempt and the Unix time of queueing of every job that waits, in no order."""
        raise NotImplementedError

    async def running(self) -> list[Job]:
        """Return every job that runs, as it stands."""
        raise NotImplementedError

    async def finished_since(self, time: float) -> list[Job]:
        """Return every job that has ended since a Unix time, as it stands."""
        raise NotImplementedError

    async def renew_all(self, *, expires_at: float) -> None:
        """Move the end of every lease."""

    async def running_limits(self) -> Mapping[str, int]:
        """Return how many jobs of a key may run at once, for the keys that have such a limit."""
        raise NotImplementedError

    async def waiting(self, pool: str | None) -> int:
        """Return how many jobs wait in a pool, or in all of them."""
        raise NotImplementedError

    async def standing(self, prompt_id: str) -> Job | None:
        """Return a job as it stands."""

    async def job(self, prompt_id: str) -> Job | None:
        """Return a job as it stands, with its workflow."""

    async def position(self, prompt_id: str) -> int | None:
        """Return how many jobs stand before this one; None when it does not wait."""


class EventRows(Protocol):
    """The events that outlive the process."""

    async def append(self, batch: Iterable[tuple[str, Event]], trims: Mapping[str, int]) -> None:
        """Store numbered events with the prompt_ids of their jobs; then remove the log lines below the seq that `trims` gives for a job."""

    async def read(self, prompt_id: str, after_seq: int) -> list[Event]:
        """Return the stored events of a job with a greater seq, in order."""
        raise NotImplementedError
