"""The queue and the history: both live in memory and end with the process."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LONGEST_HISTORY = 10000


@dataclass(order=True, frozen=True)
class Job:
    """One accepted request; jobs with a lower number run first."""

    number: float
    prompt_id: str
    arrival: int
    workflow: dict[str, Any] = field(compare=False)
    extra_data: dict[str, Any] = field(compare=False)
    outputs: list[str] = field(compare=False)

    @property
    def client_id(self) -> str | None:
        """The sid of the socket that gets the job's messages; None sends them to all."""
        client_id: str | None = self.extra_data.get("client_id")
        return client_id

    def as_tuple(self) -> list[Any]:
        """Return the five fields that `/queue` and `/history` show."""
        return [self.number, self.prompt_id, self.workflow, self.extra_data, self.outputs]


class Jobs:
    """Waiting, running and finished jobs; tells `changed` whenever the number of jobs to do may have changed."""

    def __init__(self, changed: Callable[[int], None]) -> None:
        self.waiting: list[Job] = []
        self.running: Job | None = None
        self.history: dict[str, dict[str, Any]] = {}
        self.flags: dict[str, bool] = {}
        self.idle = asyncio.Event()
        """Set while nothing waits or runs."""
        self.idle.set()
        self._changed = changed
        self._news = asyncio.Event()
        self._arrivals = itertools.count()

    @property
    def remaining(self) -> int:
        """How many jobs wait or run."""
        return len(self.waiting) + (self.running is not None)

    def put(self, number: float, prompt_id: str, workflow: dict[str, Any], extra_data: dict[str, Any], outputs: list[str]) -> Job:
        """Queue a job."""
        job = Job(number, prompt_id, next(self._arrivals), workflow, extra_data, outputs)
        heapq.heappush(self.waiting, job)
        self.tell()
        self._news.set()
        return job

    def set_flag(self, name: str) -> None:
        """Leave a request (`free_memory`, `unload_models`) for the executor."""
        self.flags[name] = True
        self._news.set()

    async def news(self) -> None:
        """Wait until there is a job to take or a flag to look at."""
        while not self.waiting and not self.flags:
            self._news.clear()
            await self._news.wait()

    def take(self) -> Job | None:
        """Return the next job, from now on the running one; None if none waits."""
        if not self.waiting:
            return None
        self.running = heapq.heappop(self.waiting)
        self.tell()
        return self.running

    def finish(self, record: dict[str, Any]) -> None:
        """Move the running job into the history."""
        job, self.running = self.running, None
        if job is None:
            return
        if len(self.history) > LONGEST_HISTORY:
            del self.history[next(iter(self.history))]
        self.history[job.prompt_id] = {"prompt": job.as_tuple(), **record}
        self.tell()

    def clear(self) -> None:
        """Forget every waiting job."""
        self.waiting.clear()
        self.tell()

    def delete(self, prompt_id: str) -> None:
        """Forget one waiting job."""
        if not any(job.prompt_id == prompt_id for job in self.waiting):
            return
        if len(self.waiting) == 1:
            self.clear()
        else:
            self.waiting.remove(next(job for job in self.waiting if job.prompt_id == prompt_id))
            heapq.heapify(self.waiting)
        self.tell()

    def past(self, max_items: int | None = None, offset: int = -1) -> dict[str, Any]:
        """Return finished jobs, oldest first; with `max_items` alone the newest ones."""
        if max_items is None:
            return dict(itertools.islice(self.history.items(), max(offset, 0), None))
        start = max(len(self.history) - max_items, 0) if offset < 0 else offset
        return dict(itertools.islice(self.history.items(), start, start + max_items))

    def tell(self) -> None:
        """Say how many jobs there are to do."""
        if self.remaining:
            self.idle.clear()
        else:
            self.idle.set()
        self._changed(self.remaining)
