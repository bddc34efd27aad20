"""Jobs: find, follow, wait for and cancel them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from viewcomfy.core.errors import UnknownJob
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.core.keys import Caller
from viewcomfy.engine.base import Engine
from viewcomfy.store.jobs import JobRows

POLL_SECONDS = 2.0
"""How often the store is asked while nothing is heard: the store is the truth, events are an extra."""

COUNT_SECONDS = 10.0


class JobService:
    """Look after accepted jobs on behalf of a caller, who sees only their own; the admin sees all."""

    def __init__(self, rows: JobRows, engine: Engine, clock: Callable[[], float] = time.time, poll_seconds: float = POLL_SECONDS) -> None:
        self._rows = rows
        self._engine = engine
        self._clock = clock
        self._poll = poll_seconds
        self._counted: tuple[float, dict[JobStatus, int]] | None = None

    async def get(self, caller: Caller, prompt_id: str) -> Job:
        """Return a job. Raises UnknownJob, also for somebody else's."""
        job = await self._rows.get(prompt_id)
        if job is None or not (caller.is_admin or job.key_id == caller.key_id):
            raise UnknownJob(f"There is no job {prompt_id[:64]!r}.", hint="Finished jobs are removed after a while; see keep_jobs_days.")
        return job

    async def page(self, caller: Caller, *, key_id: str | None = None, **filters: Any) -> tuple[list[Job], str | None]:
        """Return jobs, newest first, without their workflows, and the cursor of the next page.

        For the admin, the `key_id` of a share link stands for all of its visitors.
        """
        if caller.is_admin:
            return await self._rows.page(key_id=key_id, visitors=True, **filters)
        return await self._rows.page(key_id=caller.key_id, **filters)

    async def position(self, job: Job) -> int | None:
        """Return how many jobs stand before this one; None when it does not wait."""
        return await self._engine.position(job.prompt_id) if job.status is JobStatus.QUEUED else None

    async def counts(self) -> dict[JobStatus, int]:
        """Return how many jobs there are of each status, as of a few seconds ago at most: counting reads every one."""
        if self._counted is None or self._clock() - self._counted[0] > COUNT_SECONDS:
            self._counted = (self._clock(), await self._rows.counts())
        return self._counted[1]

    async def cancel(self, caller: Caller, prompt_id: str) -> Job:
        """Cancel a job that is queued or running; a finished one stays as it is. Raises UnknownJob."""
        job = await self.get(caller, prompt_id)
        if not job.status.is_final:
            await self._engine.cancel(prompt_id)
        return await self.get(caller, prompt_id)

    async def wait(self, prompt_id: str) -> Job:
        """Return the job once it has finished."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._engine.ended(prompt_id)
            job = await self._rows.get(prompt_id)
            if job is None:
                raise UnknownJob(f"The job {prompt_id!r} has been removed.")
            if job.status.is_final:
                return job

    async def follow(self, prompt_id: str, after_seq: int = 0) -> AsyncGenerator[Event]:
        """Yield the events of a job up to its final STATUS event, which comes also where the engine's stream fails."""
        stream = self._engine.events(prompt_id, after_seq)
        pending: asyncio.Task[Event | None] = asyncio.create_task(_next(stream))
        try:
            while True:
                done, _ = await asyncio.wait({pending}, timeout=self._poll)
                if done:
                    event = pending.result()
                    if event is not None:
                        yield event
                    if event is None or is_last(event):
                        break
                    pending = asyncio.create_task(_next(stream))
                elif (last := await self._last_event(prompt_id)) is not None:
                    yield last
                    break
        finally:
            pending.cancel()

    async def _last_event(self, prompt_id: str) -> Event | None:
        job = await self._rows.get(prompt_id)
        if job is not None and not job.status.is_final:
            return None
        if job is None:
            return Event(EventKind.STATUS, {"status": JobStatus.CANCELED, "attempt": 0}, self._clock())
        error = {"error": job.error.as_dict()} if job.error else {}
        return Event(EventKind.STATUS, {"status": job.status, "attempt": job.attempt, **error}, self._clock())


async def _next(stream: AsyncIterator[Event]) -> Event | None:
    return await anext(stream, None)


def is_last(event: Event) -> bool:
    """Tell whether nothing comes after this event."""
    return event.kind is EventKind.STATUS and JobStatus(event.data["status"]).is_final
