"""Behind a short job the next one waits in ComfyUI's own queue; behind any other it does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.worker.kit import Shop, open_shop, picture, revived, sleeping, until, working
from viewcomfy.core.jobs import JobStatus
from viewcomfy.worker.execution import SPARE_SECONDS
from viewcomfy.worker.loop import MAX_AHEAD, SHORT_SECONDS

pytestmark = pytest.mark.anyio


async def learn(shop: Shop, seconds: float = 0.0) -> None:
    """Let the worker see how long jobs of the deployment take."""
    await shop.succeeded(await shop.submit(sleeping(seconds, seed=200)))


def queued_in_comfyui(shop: Shop) -> list[str]:
    return [job.prompt_id for job in shop.fakes[0].jobs.waiting]


def sent(shop: Shop, prompt_id: str) -> int:
    """Return how often a job was sent to a ComfyUI."""
    return sum(job.prompt_id.startswith(prompt_id) for fake in shop.fakes for job in fake.submitted)


async def running(shop: Shop, prompt_id: str) -> bool:
    job = shop.fakes[0].jobs.running
    return job is not None and job.prompt_id.startswith(prompt_id)


async def test_one_job_waits_ready_behind_a_short_one(shop: Shop) -> None:
    async with working(shop):
        await learn(shop, 0.3)
        front = await shop.submit(sleeping(0.6))
        jobs = [await shop.submit(picture(color)) for color in range(2, 5)]
        await until(lambda: _is(queued_in_comfyui(shop) == jobs[:1]))
        await asyncio.sleep(0.1)
        assert queued_in_comfyui(shop) == jobs[:1], "one, and no more"
        for prompt_id in (front, *jobs):
            await shop.succeeded(prompt_id)
            assert sent(shop, prompt_id) == 1


async def test_a_few_wait_ready_behind_very_short_ones(shop: Shop) -> None:
    async with working(shop):
        await learn(shop)
        front = await shop.submit(sleeping(0.6))
        jobs = [await shop.submit(picture(color)) for color in range(2, 30)]
        await until(lambda: _is(len(queued_in_comfyui(shop)) == MAX_AHEAD - 1))
        await asyncio.sleep(0.1)
        assert queued_in_comfyui(shop) == jobs[: MAX_AHEAD - 1]
        for prompt_id in (front, *jobs):
            await shop.succeeded(prompt_id)
            assert sent(shop, prompt_id) == 1


async def test_nothing_waits_behind_a_job_that_nobody_knows(shop: Shop) -> None:
    async with working(shop):
        first = await shop.submit(sleeping(0.4), deployment="unknown")
        second = await shop.submit(picture(2))
        await until(lambda: running(shop, first))
        await asyncio.sleep(0.1)
        assert queued_in_comfyui(shop) == []
        assert (await shop.job(second)).status is JobStatus.QUEUED
        await shop.succeeded(second)


async def test_a_job_behind_one_that_turns_out_long_is_taken_back_once(shop: Shop) -> None:
    async with working(shop):
        await learn(shop)
        front = await shop.submit(sleeping(SPARE_SECONDS + 2 * SHORT_SECONDS, steps=400))
        behind = await shop.submit(picture(2))
        await until(lambda: _is(queued_in_comfyui(shop) == [behind]))
        await shop.once(behind, JobStatus.QUEUED)
        assert queued_in_comfyui(shop) == []
        await shop.succeeded(front)
        await shop.succeeded(behind)
        assert sent(shop, behind) == 2, "it was not tried again and again while the other one ran"
        assert not any("did not succeed" in line for line in await shop.lines(behind))


async def test_another_backend_takes_what_was_taken_back(tmp_path: Path) -> None:
    async with open_shop(tmp_path, backends=2) as shop, working(shop):
        await asyncio.gather(*[shop.succeeded(await shop.submit(sleeping(0.1, seed))) for seed in range(2, 8)])
        blockers = [await shop.submit(sleeping(30, seed, steps=3000), deployment="long") for seed in (11, 12)]
        for prompt_id in blockers:
            await shop.once(prompt_id, JobStatus.RUNNING)
        waiting = await shop.submit(picture(3))
        await shop.engine.cancel(blockers[1])
        await shop.succeeded(waiting)
        assert (await shop.job(blockers[0])).status is JobStatus.RUNNING
        await shop.engine.cancel(blockers[0])
    assert sent(shop, waiting) == 1


async def test_a_job_is_not_held_responsible_for_the_crash_of_the_one_in_front(tmp_path: Path) -> None:
    async with open_shop(tmp_path, attempts=1) as shop, working(shop):
        await learn(shop)
        front = await shop.submit(sleeping(30, steps=3000))
        behind = await shop.submit(picture(2))
        await until(lambda: _is(queued_in_comfyui(shop) == [behind]))
        async with revived(shop.fakes[0]):
            await shop.fakes[0].crash()
            assert (await shop.ended(front)).status is JobStatus.FAILED
            await shop.succeeded(behind)


async def test_a_job_that_waits_in_comfyui_can_be_canceled(shop: Shop) -> None:
    async with working(shop):
        await learn(shop)
        front, behind = await shop.submit(sleeping(0.6)), await shop.submit(picture(3))
        await until(lambda: _is(queued_in_comfyui(shop) == [behind]))
        await shop.engine.cancel(behind)
        await until(lambda: _is(queued_in_comfyui(shop) == []))
        assert await running(shop, front)
        await shop.succeeded(front)
    assert (await shop.job(behind)).status is JobStatus.CANCELED
    assert behind not in {prompt_id for prompt_id, _ in shop.fakes[0].executed}


async def _is(value: bool) -> bool:
    return value
