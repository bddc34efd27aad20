"""How an attempt ends: once, by whoever holds the lease, and written down as soon as the store can take it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.worker.kit import Shop, Workflow, open_shop, picture, sleeping, until, working
from viewcomfy.core.errors import DiskFull
from viewcomfy.core.jobs import JobStatus
from viewcomfy.engine.base import Claimer, Lease
from viewcomfy.engine.local import LocalEngine
from viewcomfy.files.local import LocalFiles

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def locked(shop: Shop) -> AsyncIterator[None]:
    """Let another program hold the database."""
    await shop.store._database.run(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout = 20"))
    other = sqlite3.connect(shop.folder / "test.db", isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        other.close()


async def comfyui_runs(shop: Shop, index: int = 0) -> bool:
    return shop.fakes[index].jobs.running is not None


async def test_an_end_that_cannot_be_written_down_now_is_written_down_later(shop: Shop) -> None:
    async with working(shop):
        prompt_id = await shop.submit(sleeping(0.2))
        await until(lambda: comfyui_runs(shop))
        async with locked(shop):
            await shop.fakes[0].until_idle()
            await asyncio.sleep(0.3)
            assert (await shop.job(prompt_id)).status is JobStatus.RUNNING
        job = await shop.succeeded(prompt_id)
    assert [sent.prompt_id for sent in shop.fakes[0].submitted] == [job.prompt_id]


async def test_a_store_that_stays_away_costs_an_attempt_and_not_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalEngine, "patience", 0.02)
    async with open_shop(tmp_path, lease_seconds=0.6) as shop, working(shop):
        prompt_id = await shop.submit(sleeping(0.2))
        await until(lambda: comfyui_runs(shop))
        async with locked(shop):
            await shop.fakes[0].until_idle()
            await asyncio.sleep(0.5)
        job = await shop.succeeded(prompt_id)
    assert job.attempt == 2


def never_renewed(lease: Lease) -> Lease:
    """Return a lease that its holder takes for a long one."""
    return replace(lease, seconds=3000.0)


async def test_a_lease_that_was_lost_ends_the_attempt_and_its_outputs_do_not_count(tmp_path: Path) -> None:
    async with open_shop(tmp_path, backends=2, lease_seconds=0.4) as shop:
        lease, job = await shop.claimed(sleeping(30, steps=3000))
        late = asyncio.create_task(shop.runner.run(never_renewed(lease), job, shop.pool.backends[0]))
        async with asyncio.timeout(10):
            second = await shop.engine.claim(Claimer("another"))
        assert (second.prompt_id, second.attempt) == (job.prompt_id, 2)
        assert await late is None
        await shop.fakes[0].until_idle()
        assert shop.fakes[0].requests["POST /interrupt"] >= 1
        assert (await shop.job(job.prompt_id)).status is JobStatus.RUNNING
        assert (await shop.job(job.prompt_id)).worker == "another"


async def test_of_two_attempts_at_once_the_later_one_counts(tmp_path: Path) -> None:
    async with open_shop(tmp_path, backends=2, lease_seconds=0.3) as shop:
        for fake in shop.fakes:
            fake.pause()
        first, job = await shop.claimed(picture(7))
        early = asyncio.create_task(shop.runner.run(never_renewed(first), job, shop.pool.backends[0]))
        async with asyncio.timeout(10):
            second = await shop.engine.claim(Claimer("another"))
            late = asyncio.create_task(shop.runner.run(second, job, shop.pool.backends[1]))
            for fake in shop.fakes:
                fake.resume()
            assert await early is None
            assert await late
        ended = await shop.succeeded(job.prompt_id)
        assert (ended.attempt, [output.file_key.split("/")[2][:6] for output in ended.outputs]) == (2, ["out-2-"])


class SmallFiles(LocalFiles):
    """Files on a disk that holds a thousand bytes in all."""

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> int:
        if await self.usage() > 1000:
            raise DiskFull("No space is left for files.")
        return await super().put(key, chunks)


def saving_then_sleeping() -> Workflow:
    """Return a workflow that saves two files before it takes its time."""
    notes = {
        str(number): {"class_type": "SaveText", "inputs": {"text": "x" * 900, "filename_prefix": f"note{number}"}} for number in range(3)
    }
    return notes | {
        "7": {"class_type": "TKWait", "inputs": {"seconds": 60, "steps": 6000, "seed": 1}},
        "8": {"class_type": "SaveImage", "inputs": {"images": ["7", 0], "filename_prefix": "late"}},
    }


async def test_an_output_that_cannot_be_kept_fails_the_job_and_stops_it(tmp_path: Path) -> None:
    async with open_shop(tmp_path, files=SmallFiles) as shop, working(shop):
        job = await shop.ended(await shop.submit(saving_then_sleeping()))
        async with asyncio.timeout(5):
            await shop.fakes[0].until_idle()
    assert job.status is JobStatus.FAILED
    assert job.error
    assert job.error.code == "disk_full"
    assert job.outputs == ()
