"""What every engine does with jobs: who gets which, leases, ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest

from tests.engine.conftest import OpenKit
from tests.engine.kit import DONE, LOST, Kit, claim, soon, statuses, story, submit
from viewcomfy.core.errors import Conflict, StaleLease, UnknownJob
from viewcomfy.core.jobs import JobError, JobStatus, Manifest
from viewcomfy.engine.base import Claimer, Lease

pytestmark = pytest.mark.anyio


async def rounds(number: int = 20) -> None:
    """Let everything that is ready to run do so."""
    for _ in range(number):
        await asyncio.sleep(0.002)


class Waiting(Protocol):
    async def __call__(self, kit: Kit, worker: str = "w", **claimer: Any) -> asyncio.Task[Lease]:
        """Start a claim that finds nothing."""
        raise NotImplementedError


@pytest.fixture
async def waiting(anyio_backend: str) -> AsyncIterator[Waiting]:
    """Return what starts claims; those that are left over are canceled."""
    tasks: list[asyncio.Task[Lease]] = []

    async def start(kit: Kit, worker: str = "w", **claimer: Any) -> asyncio.Task[Lease]:
        task = asyncio.create_task(kit.engine.claim(Claimer(worker, **claimer)))
        tasks.append(task)
        await rounds(5)
        assert not task.done()
        return task

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# --- claims -----------------------------------------------------------------------------------------------------------
async def test_a_job_is_claimed_committed_and_done(kit: Kit) -> None:
    await submit(kit, "a")
    lease = await claim(kit, "w1")
    assert (lease.prompt_id, lease.attempt, lease.worker) == ("a", 1, "w1")
    assert lease.expires_at > time.time()
    assert (await kit.job("a")).status is JobStatus.RUNNING
    await kit.engine.commit(lease, Manifest(JobStatus.FAILED, error=LOST, execution_time=2.0))
    job = await kit.job("a")
    assert (job.status, job.error, job.execution_time) == (JobStatus.FAILED, LOST, 2.0)
    assert statuses(await story(kit, "a")) == [("queued", 0), ("running", 1), ("failed", 1)]


async def test_a_worker_that_waits_gets_the_next_job_at_once(kit: Kit, waiting: Waiting) -> None:
    task = await waiting(kit)
    began = time.monotonic()
    await submit(kit, "a")
    assert (await soon(task)).prompt_id == "a"
    assert time.monotonic() - began < 1.0


async def test_enqueueing_again_does_nothing(kit: Kit, waiting: Waiting) -> None:
    ticket = await kit.add("a")
    for _ in range(2):
        await kit.engine.enqueue(ticket)
    assert await kit.engine.queue_length() == 1
    lease = await claim(kit)
    await kit.engine.enqueue(ticket)
    await kit.engine.commit(lease, DONE)
    await kit.engine.enqueue(ticket)
    assert await kit.engine.queue_length() == 0
    await waiting(kit)
    assert statuses(await story(kit, "a")) == [("queued", 0), ("running", 1), ("succeeded", 1)]


async def test_a_pool_gets_its_own_jobs(kit: Kit, waiting: Waiting) -> None:
    await submit(kit, "a", pool="big")
    small = await waiting(kit)
    assert (await claim(kit, pool="big")).prompt_id == "a"
    await submit(kit, "b")
    assert (await small).prompt_id == "b"


async def test_the_first_priority_goes_first_and_then_the_oldest(kit: Kit) -> None:
    await submit(kit, "a", "b")
    await submit(kit, "low", priority=2)
    await submit(kit, "high", priority=0)
    assert [(await claim(kit)).prompt_id for _ in range(4)] == ["high", "a", "b", "low"]


async def test_one_key_does_not_starve_another(kit: Kit) -> None:
    await submit(kit, "a1", "a2", "a3", key_id="a")
    await submit(kit, "b1", "b2", key_id="b")
    assert [(await claim(kit)).prompt_id for _ in range(5)] == ["a1", "b1", "a2", "b2", "a3"]


async def test_a_warm_backend_prefers_what_it_has_loaded(kit: Kit) -> None:
    await submit(kit, "a", affinity="flux")
    await submit(kit, "b", affinity="sdxl")
    assert (await claim(kit, warm=frozenset({"sdxl"}))).prompt_id == "b"
    assert (await claim(kit, warm=frozenset({"sdxl"}))).prompt_id == "a"


async def test_of_those_who_wait_the_lower_rank_then_the_warm_then_the_first_is_served(kit: Kit, waiting: Waiting) -> None:
    last = await waiting(kit, "start", rank=2, warm=frozenset({"sdxl"}))
    third = await waiting(kit, "cold1")
    fourth = await waiting(kit, "cold2")
    first = await waiting(kit, "warm", warm=frozenset({"sdxl"}))
    second = await waiting(kit, "warm2", warm=frozenset({"flux", "sdxl"}))
    served: list[asyncio.Task[Lease]] = []
    for number in range(5):
        await submit(kit, str(number), affinity="sdxl")
        done, _ = await asyncio.wait({first, second, third, fourth, last} - set(served), timeout=20, return_when="FIRST_COMPLETED")
        served += done
    assert served == [first, second, third, fourth, last]


async def test_patience_leaves_a_job_to_others_for_a_while(kit: Kit, waiting: Waiting) -> None:
    patient = await waiting(kit, "to be started", rank=2, patience=1.0)
    began = time.time()
    await submit(kit, "a")
    await rounds()
    assert not patient.done()
    assert (await claim(kit, "running")).prompt_id == "a"
    await submit(kit, "b")
    assert (await soon(patient)).prompt_id == "b"
    assert time.time() - began >= 1.0


async def test_a_job_that_nobody_was_told_of_is_found(kit: Kit) -> None:
    await kit.add("a")  # stored, and the caller was gone before it could be enqueued
    assert (await claim(kit)).prompt_id == "a"


async def test_a_claim_that_is_canceled_at_any_moment_loses_no_job(kit: Kit) -> None:
    for number in range(30):
        await submit(kit, str(number))
        task = asyncio.create_task(kit.engine.claim(Claimer("gone")))
        for _ in range(number % 10):
            await asyncio.sleep(0)
        if number % 3 == 0:
            await asyncio.sleep(number * 1e-4)
        task.cancel()
        try:
            lease = await task
        except asyncio.CancelledError:
            lease = await claim(kit)
        assert lease.prompt_id == str(number)
        await kit.engine.commit(lease, DONE)
        assert (await kit.job(str(number))).status is JobStatus.SUCCEEDED


# --- ends -------------------------------------------------------------------------------------------------------------
async def test_exactly_one_commit_succeeds(kit: Kit) -> None:
    await submit(kit, "a")
    lease = await claim(kit)
    results = await asyncio.gather(*(kit.engine.commit(lease, DONE) for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results].count(StaleLease) == 4


async def test_a_job_can_not_be_finished_as_unfinished(kit: Kit) -> None:
    await submit(kit, "a")
    lease = await claim(kit)
    with pytest.raises(Conflict):
        await kit.engine.commit(lease, Manifest(JobStatus.RUNNING))
    await kit.engine.commit(lease, DONE)


async def test_a_commit_whose_caller_goes_away_is_told_all_the_same(kit: Kit) -> None:
    await submit(kit, "a")
    task = asyncio.create_task(kit.engine.commit(await claim(kit), DONE))
    await asyncio.sleep(0)
    task.cancel()
    assert statuses(await story(kit, "a"))[-1] == ("succeeded", 1)


async def test_a_released_job_runs_again_until_its_attempts_are_used_up(kit: Kit) -> None:
    await submit(kit, "a")
    for expected in (JobStatus.QUEUED, JobStatus.QUEUED, JobStatus.FAILED):
        assert await kit.engine.release(await claim(kit), LOST) is expected
    assert (await kit.job("a")).error == LOST
    events = await story(kit, "a")
    assert [status for status, _ in statuses(events)] == ["queued", "running", "queued", "running", "queued", "running", "failed"]
    assert events[-1].data["error"] == {"code": "backend_crashed", "message": "ComfyUI ended in mid-job."}


async def test_an_attempt_that_does_not_count_is_given_back(open_kit: OpenKit) -> None:
    kit = await open_kit(attempts=1)
    await submit(kit, "a")
    for _ in range(3):
        assert await kit.engine.release(await claim(kit), LOST, counts=False) is JobStatus.QUEUED
    assert await kit.engine.release(await claim(kit), LOST) is JobStatus.FAILED


async def test_attempts_are_never_numbered_twice(kit: Kit) -> None:
    await submit(kit, "a")
    seen = []
    for counts in (False, True, False):
        lease = await claim(kit)
        seen.append(lease.attempt)
        await kit.engine.release(lease, LOST, counts=counts)
    assert len(set(seen)) == 3
    assert seen == sorted(seen)


async def test_a_released_job_waits_as_long_as_it_was_told_to(kit: Kit) -> None:
    await submit(kit, "a")
    began = time.monotonic()
    await kit.engine.release(await claim(kit), LOST, retry_in=0.3)
    await claim(kit)
    assert 0.3 <= time.monotonic() - began < 3.0


async def test_a_released_lease_is_worth_nothing(kit: Kit) -> None:
    await submit(kit, "a")
    old = await claim(kit)
    await kit.engine.release(old, LOST)
    new = await claim(kit)
    for change in (kit.engine.commit(old, DONE), kit.engine.release(old, LOST), kit.engine.extend(old)):
        with pytest.raises(StaleLease):
            await change
    await kit.engine.commit(new, DONE)


# --- leases -----------------------------------------------------------------------------------------------------------
async def test_a_silent_worker_loses_its_job_and_is_told(open_kit: OpenKit) -> None:
    kit = await open_kit(lease_seconds=0.5)
    await submit(kit, "a")
    lost = await claim(kit, "silent")
    told = asyncio.create_task(kit.engine.canceled(lost))
    lease = await claim(kit, "next")
    assert (lease.prompt_id, lease.attempt) == ("a", 2)
    await soon(told)
    with pytest.raises(StaleLease):
        await kit.engine.commit(lost, DONE)
    await kit.engine.commit(await kit.engine.extend(lease), DONE)
    assert statuses(await story(kit, "a")) == [("queued", 0), ("running", 1), ("queued", 1), ("running", 2), ("succeeded", 2)]


async def test_a_job_whose_workers_are_all_lost_fails_with_the_reason(open_kit: OpenKit) -> None:
    kit = await open_kit(lease_seconds=0.1, attempts=2)
    await submit(kit, "a")
    for _ in range(2):
        await claim(kit)
    events = await story(kit, "a")
    assert statuses(events)[-1] == ("failed", 2)
    assert events[-1].data["error"]["code"] == "worker_lost"


async def test_a_lease_that_is_extended_is_kept(open_kit: OpenKit) -> None:
    kit = await open_kit(lease_seconds=1.5)
    await submit(kit, "a")
    lease = await claim(kit)
    first = lease.expires_at
    while time.time() < first + 0.5:
        await asyncio.sleep(0.05)
        lease = await kit.engine.extend(lease)
    assert lease.expires_at > first
    await kit.engine.commit(lease, DONE)


# --- cancel -----------------------------------------------------------------------------------------------------------
async def test_a_queued_job_can_be_canceled(kit: Kit, waiting: Waiting) -> None:
    await submit(kit, "a")
    assert await kit.engine.cancel("a") is JobStatus.CANCELED
    assert await kit.engine.queue_length() == 0
    task = await waiting(kit)
    await submit(kit, "b")
    assert (await task).prompt_id == "b"
    assert statuses(await story(kit, "a")) == [("queued", 0), ("canceled", 0)]


async def test_a_running_job_is_canceled_at_once_and_its_worker_is_told(kit: Kit) -> None:
    await submit(kit, "a")
    lease = await claim(kit)
    told = asyncio.create_task(kit.engine.canceled(lease))
    await rounds(5)
    assert not told.done()
    assert await kit.engine.cancel("a") is JobStatus.CANCELED
    await soon(told)
    await soon(kit.engine.canceled(lease))  # asked afterwards too
    with pytest.raises(StaleLease):
        await kit.engine.commit(lease, DONE)
    with pytest.raises(StaleLease):
        await kit.engine.extend(lease)
    assert (await kit.job("a")).status is JobStatus.CANCELED


async def test_a_finished_job_stays_finished(kit: Kit) -> None:
    await submit(kit, "a")
    await kit.engine.commit(await claim(kit), DONE)
    assert await kit.engine.cancel("a") is JobStatus.SUCCEEDED
    assert statuses(await story(kit, "a")) == [("queued", 0), ("running", 1), ("succeeded", 1)]


async def test_an_unknown_job_can_not_be_canceled(kit: Kit) -> None:
    with pytest.raises(UnknownJob):
        await kit.engine.cancel("nothing")


async def test_a_worker_that_commits_is_not_told_to_stop(kit: Kit) -> None:
    await submit(kit, "a", "b")
    first, second = await claim(kit), await claim(kit)
    told = [asyncio.create_task(kit.engine.canceled(lease)) for lease in (first, second)]
    await rounds(3)
    await kit.engine.commit(first, DONE)
    await kit.engine.release(second, JobError("x", "shutting down"), counts=False)
    await rounds()
    assert not any(task.done() for task in told)
    for task in told:
        task.cancel()


# --- counting ---------------------------------------------------------------------------------------------------------
async def test_the_queue_is_counted(kit: Kit) -> None:
    await submit(kit, "a", "b")
    await submit(kit, "c", pool="big")
    assert [await kit.engine.queue_length(pool) for pool in (None, "default", "big", "none")] == [3, 2, 1, 0]
    assert [await kit.engine.position(prompt_id) for prompt_id in "abc"] == [0, 1, 0]
    lease = await claim(kit)
    assert [await kit.engine.position(prompt_id) for prompt_id in "ab"] == [None, 0]
    assert await kit.engine.queue_length("default") == 1
    await kit.engine.release(lease, LOST)
    assert await kit.engine.queue_length("default") == 2
    assert await kit.engine.position("nothing") is None
