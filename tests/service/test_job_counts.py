"""What metrics are made of: no end of a job is counted twice, and none is lost while the store is away."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from tests.service.kit import Desk
from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.core.jobs import Job
from viewcomfy.service.job_counts import JobCounts
from viewcomfy.store.jobs import JobRows

pytestmark = pytest.mark.anyio


async def canceled(desk: Desk, *prompt_ids: str) -> None:
    for prompt_id in prompt_ids:
        await desk.store.jobs.add(Job(prompt_id, "cats", 1, "k", {}, desk.clock.now))
        await desk.store.queue.cancel(prompt_id, now=desk.clock.now)


async def test_each_end_is_told_of_once(desk: Desk) -> None:
    counts = JobCounts(desk.store.jobs, desk.store.backlog, desk.store.queue)
    await canceled(desk, "a", "b")
    assert sorted(job.prompt_id for job in await counts.ended()) == ["a", "b"]
    assert await counts.ended() == []


async def test_what_could_not_be_read_is_told_of_the_next_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = JobCounts(desk.store.jobs, desk.store.backlog, desk.store.queue)
    await canceled(desk, "a", "b")
    several: Callable[[JobRows, Collection[str]], object] = JobRows.several

    async def away(rows: JobRows, prompt_ids: Collection[str]) -> list[Job]:
        raise ServerUnavailable("The database cannot be reached.")

    monkeypatch.setattr(JobRows, "several", away)
    with pytest.raises(ServerUnavailable):
        await counts.ended()
    monkeypatch.setattr(JobRows, "several", several)
    await canceled(desk, "c")
    assert sorted(job.prompt_id for job in await counts.ended()) == ["a", "b", "c"]
