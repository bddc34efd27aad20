"""How many workers a pool wants, by what its store and its workers tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.engine.kit import LocalKit
from tests.service.kit import Clock
from viewcomfy.core.jobs import JobStatus, Manifest
from viewcomfy.core.scaling import Limits
from viewcomfy.engine.base import Claimer, WorkerInfo
from viewcomfy.service.scaling import ScaleService

pytestmark = pytest.mark.anyio

LIMITS = Limits(maximum=8, idle=120.0)


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[LocalKit]:
    """A store and an engine on a clock that the test sets."""
    made = LocalKit(tmp_path, clock=Clock())
    await made.open()
    yield made
    await made.close()


def clock_of(kit: LocalKit) -> Clock:
    assert isinstance(kit.clock, Clock)
    return kit.clock


def service(kit: LocalKit) -> ScaleService:
    return ScaleService(rows=kit.store.scale, meta=kit.store.meta, engine=kit.engine, clock=kit.clock)


async def submit(kit: LocalKit, count: int = 1) -> None:
    for _ in range(count):
        await kit.engine.enqueue(await kit.add(str(uuid4())))


def worker(name: str = "w1", *backends: dict[str, Any], pool: str = "default") -> WorkerInfo:
    return WorkerInfo(name, pool, backends or ({"name": "comfyui-0", "prompt_ids": [], "draining": False},))


async def run_one(kit: LocalKit, seconds: float, cold_start: float | None = None) -> None:
    lease = await kit.engine.claim(Claimer("w1"))
    clock_of(kit).now += seconds
    await kit.engine.commit(lease, Manifest(JobStatus.SUCCEEDED, execution_time=seconds, cold_start=cold_start))


async def test_an_empty_pool_wants_nobody(kit: LocalKit) -> None:
    found = await service(kit).look("default", LIMITS)
    assert (found.decision.wanted, found.pending, found.running, found.load.there) == (0, 0, 0, 0)


async def test_jobs_that_wait_want_workers(kit: LocalKit) -> None:
    await submit(kit, 3)
    clock_of(kit).now += 5.0
    found = await service(kit).look("default", LIMITS)
    assert (found.decision.wanted, found.pending, found.load.oldest_wait) == (3, 3, 5.0)
    assert (await service(kit).look("other", LIMITS)).decision.wanted == 0


async def test_what_is_busy_is_known_from_the_rows_before_a_worker_tells(kit: LocalKit) -> None:
    await submit(kit)
    await kit.engine.present(worker())
    await kit.engine.claim(Claimer("w1"))
    load = (await service(kit).look("default", LIMITS)).load
    assert (load.busy, load.idle, load.working, load.spare) == (1, 0, 1, 0)


async def test_a_worker_that_drains_is_not_there_to_stay(kit: LocalKit) -> None:
    await kit.engine.present(worker("w1", {"prompt_ids": [], "draining": True}))
    await kit.engine.present(worker("w2", {"prompt_ids": ["x"], "draining": True}, {"prompt_ids": [], "draining": True}))
    await kit.engine.present(replace(worker("w3"), facts={"stopping": True}))
    load = (await service(kit).look("default", LIMITS)).load
    assert (load.busy, load.idle, load.working, load.spare) == (1, 0, 0, 0)


async def test_the_last_jobs_tell_how_long_one_takes(kit: LocalKit) -> None:
    for seconds, cold in ((2.0, None), (24.0, 20.0)):
        await submit(kit)
        await run_one(kit, seconds, cold)
    load = (await service(kit).look("default", LIMITS, boot=30.0)).load
    assert (load.job_seconds, load.cold_start) == (3.0, 50.0)


async def test_every_server_and_one_that_starts_anew_remember_the_same(kit: LocalKit) -> None:
    await submit(kit, 3)
    assert (await service(kit).look("default", LIMITS)).decision.wanted == 3
    for _ in range(3):
        await run_one(kit, 1.0)
    for name in ("w1", "w2", "w3"):
        await kit.engine.present(worker(name))
    assert (await service(kit).look("default", LIMITS)).decision.wanted == 3
    clock_of(kit).now += 140.0
    for name in ("w1", "w2", "w3"):
        await kit.engine.present(worker(name))
    assert (await service(kit).look("default", LIMITS)).decision.wanted == 0


async def test_who_only_looks_leaves_no_trace(kit: LocalKit) -> None:
    await submit(kit)
    await service(kit).look("default", LIMITS, remember=False)
    await run_one(kit, 1.0)
    await kit.engine.present(worker())
    assert (await service(kit).look("default", LIMITS)).decision.wanted == 0


async def test_an_idle_backend_of_another_environment_is_no_spare_one(kit: LocalKit) -> None:
    await submit(kit, 1)
    beside = {"name": "comfyui-env-0", "prompt_ids": [], "draining": False, "aside": True}
    await kit.engine.present(worker("w1", {"name": "comfyui-0", "prompt_ids": ["a"], "draining": False}, beside))
    load = (await service(kit).look("default", LIMITS)).load
    assert (load.busy, load.working, load.spare) == (1, 1, 0)
