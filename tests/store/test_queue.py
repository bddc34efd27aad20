"""The rows of jobs as a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from viewcomfy.core.errors import StaleLease, UnknownJob
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.core.scheduling import Lane
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio
LOST = JobError("worker_lost", "gone")
DONE = Manifest(JobStatus.SUCCEEDED)


async def add(store: Store, prompt_id: str, at: float = 100.0, **changes: object) -> None:
    await store.jobs.add(replace(Job(prompt_id, "cats", 1, "key", {}, at), **changes))  # type: ignore[arg-type]  # any field


def first(lanes: Sequence[Lane]) -> tuple[Lane, str] | None:
    return (lanes[0], "w") if lanes else None


async def claim(store: Store, pool: str = "default", *, now: float = 1000.0, lease: float = 30.0) -> tuple[str, int] | None:
    return await store.queue.claim(pool, first, now=now, expires_at=now + lease)


async def lanes_of(store: Store, pool: str = "default", now: float = 1000.0) -> list[Lane]:
    seen: list[Lane] = []

    def look(lanes: Sequence[Lane]) -> None:
        seen.extend(lanes)

    assert await store.queue.claim(pool, look, now=now, expires_at=0) is None
    return seen


async def test_lanes_are_told_apart_by_pool_priority_key_and_affinity(store: Store) -> None:
    await add(store, "a", 5.0)
    await add(store, "b", 3.0)
    await add(store, "c", 4.0, priority=0)
    await add(store, "d", 4.0, key_id="other")
    await add(store, "e", 4.0, affinity="sdxl")
    await add(store, "f", 4.0, pool="big")
    assert sorted(await lanes_of(store), key=repr) == sorted(
        [
            Lane("default", 1, "key", "", 3.0),
            Lane("default", 0, "key", "", 4.0),
            Lane("default", 1, "other", "", 4.0),
            Lane("default", 1, "key", "sdxl", 4.0),
        ],
        key=repr,
    )
    assert await lanes_of(store, "big") == [Lane("big", 1, "key", "", 4.0)]
    assert await lanes_of(store, "none") == []


async def test_a_lane_is_first_in_first_out_also_within_one_moment(store: Store) -> None:
    for prompt_id in "zyx":
        await add(store, prompt_id)
    assert [await claim(store) for _ in range(4)] == [("z", 1), ("y", 1), ("x", 1), None]


async def test_a_job_is_claimed_once_by_many_who_try(store: Store) -> None:
    for number in range(20):
        await add(store, str(number))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(claim(store)) for _ in range(30)]
    claimed = [result for task in tasks if (result := task.result()) is not None]
    assert sorted(claimed) == sorted((str(number), 1) for number in range(20))


async def test_exactly_one_commit_succeeds(store: Store) -> None:
    await add(store, "a")
    await claim(store)
    await store.queue.commit("a", 1, DONE, now=1001.0)
    with pytest.raises(StaleLease):
        await store.queue.commit("a", 1, DONE, now=1002.0)


async def test_a_commit_of_another_attempt_is_stale(store: Store) -> None:
    await add(store, "a")
    with pytest.raises(StaleLease):
        await store.queue.commit("a", 0, DONE, now=1.0)
    await claim(store)
    await store.queue.release("a", 1, LOST, now=1001.0, run_after=0.0, counts=True, attempts=3)
    await claim(store)
    for change in (
        store.queue.commit("a", 1, DONE, now=1002.0),
        store.queue.extend("a", 1, expires_at=2000.0),
        store.queue.release("a", 1, LOST, now=1.0, run_after=0.0, counts=True, attempts=3),
    ):
        with pytest.raises(StaleLease):
            await change
    await store.queue.commit("a", 2, DONE, now=1003.0)


async def test_a_released_job_fails_when_its_attempts_are_used_up(store: Store) -> None:
    await add(store, "a")
    for attempt in (1, 2):
        assert await claim(store) == ("a", attempt)
        job = await store.queue.release("a", attempt, LOST, now=1001.0, run_after=0.0, counts=True, attempts=3)
        assert (job.status, job.error, job.worker, job.finished_at) == (JobStatus.QUEUED, None, None, None)
    await claim(store)
    job = await store.queue.release("a", 3, LOST, now=1001.0, run_after=0.0, counts=True, attempts=3)
    assert (job.status, job.error, job.finished_at) == (JobStatus.FAILED, LOST, 1001.0)


async def test_an_attempt_that_does_not_count_is_not_used_up_and_not_numbered_again(store: Store) -> None:
    await add(store, "a")
    for attempt in range(1, 6):
        assert await claim(store) == ("a", attempt)
        job = await store.queue.release("a", attempt, LOST, now=1001.0, run_after=0.0, counts=False, attempts=1)
        assert job.status is JobStatus.QUEUED


async def test_a_job_that_is_to_wait_is_passed_over_until_its_time(store: Store) -> None:
    await add(store, "a", 1.0)
    await add(store, "b", 2.0)
    await claim(store)
    await store.queue.release("a", 1, LOST, now=1000.0, run_after=1050.0, counts=True, attempts=3)
    assert await lanes_of(store) == [Lane("default", 1, "key", "", 2.0)]
    assert await claim(store) == ("b", 1)
    assert await claim(store, now=1049.0) is None
    assert await claim(store, now=1050.0) == ("a", 2)


async def test_a_canceled_job_can_neither_be_claimed_nor_committed(store: Store) -> None:
    await add(store, "queued")
    await add(store, "running", 1.0)
    assert await claim(store) == ("running", 1)
    for prompt_id in ("queued", "running"):
        job, changed = await store.queue.cancel(prompt_id, now=1001.0)
        assert (job.status, job.finished_at, changed) == (JobStatus.CANCELED, 1001.0, True)
    assert await claim(store) is None
    with pytest.raises(StaleLease):
        await store.queue.commit("running", 1, DONE, now=1002.0)


async def test_a_finished_job_stays_finished(store: Store) -> None:
    await add(store, "a")
    await claim(store)
    await store.queue.commit("a", 1, DONE, now=1001.0)
    job, changed = await store.queue.cancel("a", now=1002.0)
    assert (job.status, job.finished_at, changed) == (JobStatus.SUCCEEDED, 1001.0, False)


async def test_an_unknown_job_can_not_be_canceled(store: Store) -> None:
    with pytest.raises(UnknownJob):
        await store.queue.cancel("nothing", now=1.0)


async def test_leases_that_ended_are_taken_back_and_others_are_not(store: Store) -> None:
    for prompt_id in "abc":
        await add(store, prompt_id)
    await claim(store, now=1000.0, lease=30)
    await claim(store, now=1000.0, lease=60)
    await claim(store, now=1000.0, lease=10)
    await store.queue.extend("c", 1, expires_at=1100.0)
    taken = await store.queue.expire(LOST, ended_by=1030.0, now=1030.0, attempts=3)
    assert [(job.prompt_id, job.status) for job in taken] == [("a", JobStatus.QUEUED)]
    taken = await store.queue.expire(LOST, ended_by=float("inf"), now=1031.0, attempts=1)
    assert [(job.prompt_id, job.status, job.error, job.finished_at) for job in taken] == [
        ("b", JobStatus.FAILED, LOST, 1031.0),
        ("c", JobStatus.FAILED, LOST, 1031.0),
    ]


async def test_a_position_counts_those_before(store: Store) -> None:
    await add(store, "a", 1.0)
    await add(store, "b", 2.0)
    await add(store, "c", 2.0)
    await add(store, "first", 9.0, priority=0)
    await add(store, "elsewhere", 1.0, pool="big")
    assert [await store.queue.position(prompt_id) for prompt_id in ("first", "a", "b", "c", "elsewhere")] == [0, 1, 2, 3, 0]
    await store.queue.cancel("a", now=1.0)
    assert await store.queue.position("c") == 2
    assert await store.queue.position("a") is None
    assert await store.queue.position("nothing") is None


async def test_the_unfinished_jobs_come_with_their_last_seq(store: Store) -> None:
    from viewcomfy.core.events import Event, EventKind

    for prompt_id in "abc":
        await add(store, prompt_id)
    await claim(store)
    await store.queue.cancel("c", now=1.0)
    await store.events.append([("a", Event(EventKind.LOG, {}, 1.0, seq)) for seq in (3, 7)])
    assert sorted(await store.queue.unfinished()) == [("a", "default", JobStatus.RUNNING, 7), ("b", "default", JobStatus.QUEUED, 0)]


async def test_what_choose_raises_undoes_the_claim_and_reaches_the_caller(store: Store) -> None:
    await add(store, "a")

    def broken(_lanes: Sequence[Lane]) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await store.queue.claim("default", broken, now=1.0, expires_at=2.0)
    assert await claim(store) == ("a", 1)
