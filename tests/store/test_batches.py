"""The rows of batches: stored whole or not at all, and gone when their jobs are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from viewcomfy.core.batches import Axis, Batch
from viewcomfy.core.errors import BadInput, Conflict
from viewcomfy.core.jobs import Job, JobStatus, Manifest
from viewcomfy.store.batches import BatchJob
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio


def batch(batch_id: str = "b", size: int = 3, *, now: float = 1.0, key_id: str = "key", deployment: str = "cats") -> Batch:
    prompt_ids = tuple(f"{batch_id}-{number}" for number in range(size))
    labels = tuple(f"seed={number}" for number in range(size))
    axes = (Axis("seed", tuple(str(number) for number in range(size))),)
    return Batch(batch_id, deployment, 2, key_id, now, size, prompt_ids, labels, axes)


def members(made: Batch) -> list[Job]:
    return [
        Job(prompt_id, made.deployment, made.version, made.key_id, {"1": {"inputs": {"seed": number}}}, made.created_at)
        for number, prompt_id in enumerate(made.prompt_ids)
    ]


async def add(store: Store, made: Batch) -> Batch:
    await store.batches.add(made, members(made))
    return made


async def claim(store: Store) -> tuple[str, int]:
    claimed = await store.queue.claim("default", lambda lanes: (lanes[0], "worker"), now=5.0, expires_at=9.0)
    assert claimed is not None
    return claimed


async def finish(store: Store, status: JobStatus = JobStatus.SUCCEEDED) -> str:
    prompt_id, attempt = await claim(store)
    await store.queue.commit(prompt_id, attempt, Manifest(status), now=6.0)
    return prompt_id


async def test_a_batch_comes_back_as_it_was_added(store: Store) -> None:
    made = await add(store, batch())
    assert await store.batches.get("b") == made
    assert await store.batches.get("c") is None


async def test_the_jobs_of_a_batch_are_jobs_like_any_other(store: Store) -> None:
    made = await add(store, batch())
    assert [await store.jobs.get(prompt_id) for prompt_id in made.prompt_ids] == members(made)
    assert [(await claim(store))[0] for _ in range(3)] == list(made.prompt_ids)


async def test_the_jobs_of_a_batch_are_told_with_their_places_and_statuses(store: Store) -> None:
    await add(store, batch())
    await add(store, batch("other", now=2.0))
    await finish(store)
    await claim(store)
    assert await store.batches.statuses("b") == [
        BatchJob(0, "b-0", "seed=0", JobStatus.SUCCEEDED),
        BatchJob(1, "b-1", "seed=1", JobStatus.RUNNING),
        BatchJob(2, "b-2", "seed=2", JobStatus.QUEUED),
    ]
    assert await store.batches.counts(["b", "other", "none"]) == {
        "b": {JobStatus.SUCCEEDED: 1, JobStatus.RUNNING: 1, JobStatus.QUEUED: 1},
        "other": {JobStatus.QUEUED: 3},
        "none": {},
    }
    assert await store.batches.statuses("none") == []
    assert await store.batches.counts([]) == {}


async def test_a_label_may_hold_any_text(store: Store) -> None:
    made = await add(store, replace(batch(size=1), labels=("prompt=\ud800\0",)))
    assert await store.batches.get("b") == made


async def test_a_batch_is_stored_whole_or_not_at_all(store: Store) -> None:
    taken = Job("b-2", "cats", 1, "key", {}, 1.0)
    await store.jobs.add(taken)
    with pytest.raises(Conflict):
        await add(store, batch())
    assert await store.batches.get("b") is None
    assert await store.jobs.get("b-0") is None
    assert await store.jobs.get("b-2") == taken


async def test_a_batch_id_is_used_once(store: Store) -> None:
    made = await add(store, batch())
    with pytest.raises(Conflict):
        await store.batches.add(made, members(batch("other")))
    assert await store.batches.get("b") == made
    assert await store.jobs.get("other-0") is None


async def test_batches_are_listed_newest_first_in_pages(store: Store) -> None:
    made = [await add(store, batch(f"b{number}", 1, now=0.1 + number // 2)) for number in range(5)]
    found: list[str] = []
    cursor = None
    while True:
        page, cursor = await store.batches.page(cursor=cursor, limit=2)
        found += [item.batch_id for item in page]
        if cursor is None:
            break
    assert found == [item.batch_id for item in reversed(made)]


async def test_batches_are_listed_by_key_and_by_deployment(store: Store) -> None:
    await add(store, batch("mine"))
    await add(store, batch("hers", key_id="hers"))
    await add(store, batch("dogs", deployment="dogs"))
    assert [item.batch_id for item in (await store.batches.page(key_id="hers"))[0]] == ["hers"]
    assert [item.batch_id for item in (await store.batches.page(deployment="dogs"))[0]] == ["dogs"]
    assert (await store.batches.page(deployment="dogs", key_id="hers"))[0] == []


@pytest.mark.parametrize("cursor", ["", "x", "_b", "1.0_\ud800"])
async def test_what_is_no_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(BadInput):
        await store.batches.page(cursor=cursor)


async def test_the_jobs_that_have_ended_come_with_what_they_made(store: Store) -> None:
    await add(store, batch())
    assert await store.batches.finished("b") == []
    await finish(store)
    await finish(store, JobStatus.FAILED)
    assert [(job.prompt_id, job.status) for job in await store.batches.finished("b")] == [
        ("b-0", JobStatus.SUCCEEDED),
        ("b-1", JobStatus.FAILED),
    ]


async def test_what_is_left_of_canceled_batches_is_found_the_newest_first(store: Store) -> None:
    await add(store, batch())
    await add(store, batch("other", now=2.0))
    await finish(store)
    await claim(store)
    assert await store.batches.to_cancel() == []
    await store.batches.mark_canceled("b", 7.0)
    assert await store.batches.to_cancel() == ["b-2", "b-1"]


async def test_a_batch_is_canceled_once(store: Store) -> None:
    made = await add(store, batch())
    assert await store.batches.mark_canceled("b", 7.0)
    assert not await store.batches.mark_canceled("b", 8.0)
    assert await store.batches.get("b") == replace(made, canceled_at=7.0)
    assert not await store.batches.mark_canceled("none", 8.0)


async def test_a_forgotten_job_leaves_its_batch_and_an_empty_batch_is_forgotten(store: Store) -> None:
    await add(store, batch(size=2))
    await add(store, batch("other", 1, now=2.0))
    assert await store.jobs.forget([await finish(store)]) == 1
    assert await store.batches.forget_empty() == 0
    left = await store.batches.get("b")
    assert left is not None
    assert (left.total, left.prompt_ids) == (2, ("b-1",))
    assert await store.jobs.forget([await finish(store)]) == 1
    assert await store.batches.forget_empty() == 1
    assert await store.batches.get("b") is None
    assert await store.batches.get("other") is not None
