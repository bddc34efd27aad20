"""Looking after jobs: whose they are, waiting, following, canceling, with and without live news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.service.kit import Desk
from viewcomfy.core.errors import UnknownJob
from viewcomfy.core.events import Event, EventKind, log_event
from viewcomfy.core.jobs import JobError, JobStatus, Manifest
from viewcomfy.core.keys import Caller
from viewcomfy.engine.base import Claimer
from viewcomfy.engine.local import LocalEngine
from viewcomfy.service.jobs import JobService

pytestmark = pytest.mark.anyio


class Silent(LocalEngine):
    """An engine whose live news never arrive."""

    async def events(self, prompt_id: str, after_seq: int = 0) -> AsyncIterator[Event]:
        await asyncio.Event().wait()
        yield log_event("never", 0)

    async def ended(self, prompt_id: str) -> None:
        await asyncio.Event().wait()


def without_streams(desk: Desk) -> JobService:
    """Return a service that has only the store to go by."""
    silent = Silent(desk.store.queue, desk.store.events)
    return JobService(desk.store.jobs, silent, desk.clock, poll_seconds=0.02)


async def ended_soon(desk: Desk, prompt_id: str, status: JobStatus = JobStatus.SUCCEEDED) -> None:
    await asyncio.sleep(0.05)
    await desk.finish(prompt_id, status)


async def test_a_job_is_its_callers_and_the_admins(desk: Desk) -> None:
    deployment = await desk.deploy()
    mine, other = await desk.new_caller(), await desk.new_caller()
    job = await desk.submit(deployment, caller=mine)
    assert (await desk.jobs.get(mine, job.prompt_id)).prompt_id == job.prompt_id
    assert (await desk.jobs.get(Caller(), job.prompt_id)).prompt_id == job.prompt_id
    for wrong in (job.prompt_id, "absent"):
        with pytest.raises(UnknownJob):
            await desk.jobs.get(other, wrong)
        with pytest.raises(UnknownJob):
            await desk.jobs.cancel(other, wrong)
    assert [found.prompt_id for found in (await desk.jobs.page(mine))[0]] == [job.prompt_id]
    assert await desk.jobs.page(other) == ([], None)
    assert await desk.jobs.page(other, key_id=mine.key_id) == ([], None), "a key can't ask for another's"
    assert [found.prompt_id for found in (await desk.jobs.page(Caller(), key_id=mine.key_id))[0]] == [job.prompt_id]


async def test_the_position_counts_down(desk: Desk) -> None:
    deployment = await desk.deploy()
    jobs = [await desk.submit(deployment) for _ in range(3)]
    assert [await desk.jobs.position(job) for job in jobs] == [0, 1, 2]
    await desk.finish(jobs[0].prompt_id)
    assert [await desk.jobs.position(await desk.jobs.get(desk.caller, job.prompt_id)) for job in jobs] == [None, 0, 1]


async def test_waiting_ends_with_the_job(desk: Desk) -> None:
    for jobs in (desk.jobs, without_streams(desk)):
        job = await desk.submit(await desk.deploy())
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            tasks.create_task(ended_soon(desk, job.prompt_id))
            assert (await jobs.wait(job.prompt_id)).status is JobStatus.SUCCEEDED
        assert (await jobs.wait(job.prompt_id)).status is JobStatus.SUCCEEDED


async def test_following_ends_with_the_final_status_with_and_without_streams(desk: Desk) -> None:
    for jobs in (desk.jobs, without_streams(desk)):
        job = await desk.submit(await desk.deploy())
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            tasks.create_task(ended_soon(desk, job.prompt_id, JobStatus.FAILED))
            events = [event async for event in jobs.follow(job.prompt_id)]
        assert (events[-1].kind, events[-1].data["status"]) == (EventKind.STATUS, "failed")
        assert [event.data["status"] for event in events if event.kind is EventKind.STATUS].count("failed") == 1


async def test_following_tells_why_a_job_failed_also_without_streams(desk: Desk) -> None:
    error = JobError("workflow_failed", "KSampler: boom", {"node_id": "3"})
    job = await desk.submit(await desk.deploy())
    lease = await desk.engine.claim(Claimer("test"))
    await desk.engine.commit(lease, Manifest(JobStatus.FAILED, error=error))
    for jobs in (desk.jobs, without_streams(desk)):
        async with asyncio.timeout(5):
            last = [event async for event in jobs.follow(job.prompt_id)][-1]
        assert last.data == {"status": "failed", "attempt": 1, "error": error.as_dict()}


async def test_a_follower_that_leaves_leaves_nothing_running(desk: Desk) -> None:
    job = await desk.submit(await desk.deploy())
    before = asyncio.all_tasks()
    follower = desk.jobs.follow(job.prompt_id)
    await anext(follower)
    await follower.aclose()
    async with asyncio.timeout(5):
        await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)


async def test_canceling_is_for_jobs_that_have_not_ended(desk: Desk) -> None:
    deployment = await desk.deploy()
    queued, done = await desk.submit(deployment), await desk.submit(deployment)
    assert (await desk.jobs.cancel(desk.caller, queued.prompt_id)).status is JobStatus.CANCELED
    assert (await desk.jobs.cancel(desk.caller, queued.prompt_id)).status is JobStatus.CANCELED
    await desk.finish(done.prompt_id)
    assert (await desk.jobs.cancel(desk.caller, done.prompt_id)).status is JobStatus.SUCCEEDED


async def test_a_job_that_was_removed_while_somebody_waited_is_named(desk: Desk) -> None:
    job = await desk.submit(await desk.deploy())
    await desk.jobs.cancel(desk.caller, job.prompt_id)
    await desk.store.jobs.forget([job.prompt_id])
    async with asyncio.timeout(5):
        with pytest.raises(UnknownJob):
            await without_streams(desk).wait(job.prompt_id)
