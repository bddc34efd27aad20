"""The light rows that usage is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.core.usage import UsageRow
from viewcomfy.store import usage
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio


async def add(store: Store, number: int, at: float, **changes: Any) -> None:
    await store.jobs.add(replace(Job(f"job-{number}", "cats", 1, "key", {"1": {}}, at), **changes))


async def read(store: Store, since: float, until: float, **filters: str) -> list[UsageRow]:
    return [row async for page in store.usage.pages(since, until, **filters) for row in page]


async def times(store: Store, since: float, until: float, **filters: str) -> list[float]:
    return sorted(row.created_at for row in await read(store, since, until, **filters))


async def test_a_row_tells_what_became_of_a_job(store: Store) -> None:
    await add(store, 1, 100.0)
    await store.queue.claim("default", lambda lanes: (lanes[0], "w"), now=103.0, expires_at=200.0)
    error = JobError("out_of_memory", 'a "quoted" message', {"traceback": "x" * 5000})
    await store.queue.commit("job-1", 1, Manifest(JobStatus.FAILED, (), error, 1.5, 8.5), now=120.0)
    assert await read(store, 0, 1000) == [UsageRow(100.0, 103.0, 120.0, 1.5, 8.5, "failed", "cats", "key", "out_of_memory")]


async def test_a_job_that_waits_has_nothing_to_tell_yet(store: Store) -> None:
    await add(store, 1, 100.0)
    assert await read(store, 0, 1000) == [UsageRow(100.0, None, None, None, None, "queued", "cats", "key", None)]


async def test_the_window_begins_at_since_and_ends_before_until(store: Store) -> None:
    for number in range(10):
        await add(store, number, 100.0 + number)
    assert await times(store, 103.0, 106.0) == [103.0, 104.0, 105.0]
    assert await times(store, 0.0, 50.0) == []
    assert await times(store, 500.0, 600.0) == []


async def test_an_empty_store_has_no_rows(store: Store) -> None:
    assert await read(store, 0.0, 1e12) == []


async def test_every_page_is_read_and_gaps_between_the_numbers_do_no_harm(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "PAGE", 3)
    for number in range(20):
        await add(store, number, 10_000.0 * number)
    for number in (0, 4, 5, 6, 7, 8, 9, 19):
        await store.queue.cancel(f"job-{number}", now=1.0)
    await store.jobs.forget([f"job-{number}" for number in (0, 4, 5, 6, 7, 8, 9, 19)])
    left = [10_000.0 * number for number in (1, 2, 3, *range(10, 19))]
    assert await times(store, 0.0, 1e9) == left
    assert await times(store, 30_000.0, 120_000.0) == [30_000.0, 100_000.0, 110_000.0]


async def test_rows_that_came_late_are_found(store: Store) -> None:
    """The jobs of a large batch are stored minutes after they were accepted, behind younger ones."""
    for number, at in enumerate((1000.0, 2000.0, 1700.0, 2300.0, 1600.0, 5000.0)):
        await add(store, number, at)
    assert await times(store, 1500.0, 1800.0) == [1600.0, 1700.0]


async def test_filters_are_by_deployment_and_by_key_with_the_visitors_of_a_share_link(store: Store) -> None:
    for number, (deployment, key_id) in enumerate([("cats", "a"), ("dogs", "a~1"), ("cats", "a~2"), ("cats", "ab"), ("dogs", "b")]):
        await add(store, number, float(number), deployment=deployment, key_id=key_id)
    assert await times(store, 0, 10, deployment="cats") == [0, 2, 3]
    assert await times(store, 0, 10, key_id="a") == [0, 1, 2]
    assert await times(store, 0, 10, key_id="a~2") == [2]
    assert await times(store, 0, 10, key_id="a", deployment="dogs") == [1]
    assert await times(store, 0, 10, key_id="nobody") == []
