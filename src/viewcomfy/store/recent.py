"""The jobs of the moment, in memory: what was just written need not be read back from the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from viewcomfy.core.jobs import Job


class RecentJobs:
    """Keeps the `limit` jobs that were added last, as they stand in the database.

    That holds while this process alone writes to the database; where others do too, the limit must be 0.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: dict[str, Job] = {}

    def get(self, prompt_id: str) -> Job | None:
        """Return a job with its workflow."""
        return self._jobs.get(prompt_id)

    def add(self, job: Job) -> None:
        """Take in a job that was stored; the oldest one makes room."""
        if self._limit:
            self._jobs[job.prompt_id] = job
            if len(self._jobs) > self._limit:
                del self._jobs[next(iter(self._jobs))]

    def changed(self, job: Job) -> None:
        """Take in what has become of a job; `job` may come without its workflow."""
        known = self._jobs.get(job.prompt_id)
        if known is not None:
            self._jobs[job.prompt_id] = replace(job, workflow=known.workflow)

    def update(self, prompt_id: str, **changes: Any) -> None:
        """Take in what has changed of a job."""
        known = self._jobs.get(prompt_id)
        if known is not None:
            self._jobs[prompt_id] = replace(known, **changes)

    def forget(self, prompt_ids: Collection[str]) -> None:
        """Let the database answer for these jobs."""
        for prompt_id in prompt_ids:
            self._jobs.pop(prompt_id, None)

    def forget_all(self) -> None:
        """Let the database answer for every job, because it is not known what became of one."""
        self._jobs.clear()
