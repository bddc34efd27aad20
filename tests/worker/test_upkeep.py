"""Upkeep: what is too old or too much goes, what is still needed stays."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.worker.kit import Shop, picture, sleeping, until, working
from viewcomfy.core.batches import Batch
from viewcomfy.core.durations import DAY
from viewcomfy.core.errors import DiskFull
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.files.local import LocalFiles
from viewcomfy.store.store import Store
from viewcomfy.worker.upkeep import Retention, Upkeep

pytestmark = pytest.mark.anyio


def upkeep(shop: Shop, *, days: float = 0.0, file_days: float = 0.0, file_bytes: int = 0, later: float = 0.0) -> Upkeep:
    """Return the upkeep as it will be so many seconds later."""
    retention = Retention(days, file_days, file_bytes)
    return Upkeep(
        store=shop.store, files=shop.files, retention=retention, upload_folder=shop.folder / "tmp", clock=lambda: time.time() + later
    )


async def finished(shop: Shop, count: int) -> list[Job]:
    async with working(shop):
        return [await shop.succeeded(await shop.submit(picture(color))) for color in range(count)]


def kept(shop: Shop, job: Job) -> bool:
    return all((shop.folder / "files" / output.file_key).is_file() for output in job.outputs)


async def test_old_jobs_go_with_their_files_and_events(shop: Shop) -> None:
    jobs = await finished(shop, 3)
    await upkeep(shop, days=1, later=DAY - 60).remove_old_jobs()
    assert all(kept(shop, job) for job in jobs)
    await upkeep(shop, days=1, later=DAY + 60).remove_old_jobs()
    assert [await shop.store.jobs.get(job.prompt_id) for job in jobs] == [None] * 3
    assert await shop.store.events.read(jobs[0].prompt_id, 0) == []
    assert await shop.files.usage() == 0
    assert not list((shop.folder / "files" / "jobs").glob("*"))


async def test_a_batch_goes_with_the_last_of_its_jobs(shop: Shop) -> None:
    members = [Job(f"b-{number}", "cats", 1, "key", picture(number), time.time()) for number in range(2)]
    batch = Batch("b", "cats", 1, "key", time.time(), 2, tuple(job.prompt_id for job in members), ("a", "b"))
    await shop.store.batches.add(batch, members)
    await upkeep(shop, days=1, later=2 * DAY).remove_old_jobs()
    assert await shop.store.batches.get("b") == batch
    async with working(shop):
        for job in members:
            await shop.succeeded(job.prompt_id)
    await upkeep(shop, days=1, later=2 * DAY).remove_old_jobs()
    assert await shop.store.batches.get("b") is None


async def test_no_limit_keeps_everything(shop: Shop) -> None:
    jobs = await finished(shop, 2)
    forever = upkeep(shop, later=1000 * DAY)
    await forever.remove_old_jobs()
    await forever.remove_old_files()
    assert all(kept(shop, job) for job in jobs)
    assert await shop.store.jobs.get(jobs[0].prompt_id)


async def test_old_files_go_and_the_job_stays(shop: Shop) -> None:
    [job] = await finished(shop, 1)
    await upkeep(shop, file_days=2, later=2 * DAY + 60).remove_old_files()
    assert not kept(shop, job)
    assert (await shop.job(job.prompt_id)).status is JobStatus.SUCCEEDED
    await upkeep(shop, file_days=2, later=3 * DAY).remove_old_files()


async def test_what_is_too_much_goes_the_oldest_first(shop: Shop) -> None:
    jobs = await finished(shop, 4)
    newest = sum(job.outputs[0].size for job in jobs[2:])
    await upkeep(shop, file_bytes=newest).remove_old_files()
    assert [kept(shop, job) for job in jobs] == [False, False, True, True]
    assert await shop.files.usage() == newest


async def test_what_lies_beside_the_jobs_is_neither_counted_nor_removed(shop: Shop) -> None:
    [job] = await finished(shop, 1)
    await shop.files.put_file("catalogs/one.json.gz", shop.folder / "test.db")
    await upkeep(shop, file_bytes=job.outputs[0].size).remove_old_files()
    assert kept(shop, job)
    await upkeep(shop, days=1, file_days=1, file_bytes=1, later=10 * DAY).remove_old_files()
    assert await shop.files.size("catalogs/one.json.gz")


async def test_jobs_that_run_or_wait_are_left_alone(shop: Shop) -> None:
    upload = await shop.upload("1", "cat.png", b"x" * 1000)
    async with working(shop):
        running = await shop.submit(sleeping(60, steps=6000), uploads=(upload,))
        waiting = await shop.submit(picture(1))
        await shop.once(running, JobStatus.RUNNING)
        strict = upkeep(shop, days=1, file_days=1, file_bytes=1, later=10 * DAY)
        await strict.remove_old_jobs()
        await strict.remove_old_files()
        assert (await shop.job(running)).status is JobStatus.RUNNING
        assert (await shop.job(waiting)).status is JobStatus.QUEUED
        assert await shop.files.size(upload.file_key) == 1000
        await shop.engine.cancel(running)


async def test_half_received_uploads_go_after_some_hours(shop: Shop) -> None:
    folder = shop.folder / "tmp"
    folder.mkdir()
    old, new = folder / "upload-old", folder / "upload-new"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    await upkeep(shop).remove_old_uploads()
    assert [path.name for path in folder.iterdir()] == ["upload-new"]


async def test_a_chore_that_fails_does_not_end_the_others(shop: Shop) -> None:
    done: list[str] = []

    async def failing() -> None:
        done.append("failing")
        raise DiskFull("no space")

    async def working_one() -> None:
        done.append("working")

    chores = Upkeep(
        store=shop.store,
        files=shop.files,
        retention=Retention(0, 0, 0),
        upload_folder=shop.folder / "absent",
        chores=(failing, working_one),
    )
    task = asyncio.create_task(chores.run(0.01))

    async def twice() -> bool:
        return done.count("working") >= 2

    await until(twice)
    task.cancel()
    assert done[:4] == ["failing", "working", "failing", "working"]


async def test_of_several_servers_one_at_a_time_removes_what_is_old(postgres_url: str, tmp_path: Path) -> None:
    here, there = await Store.open(postgres_url), await Store.open(postgres_url)
    await here.jobs.add(Job("a", "cats", 1, "key", {}, 1.0))
    await here.queue.cancel("a", now=1.0)
    folder = tmp_path / "tmp"
    cycles: list[int] = []

    async def note() -> None:
        cycles.append(1)

    async def some_cycles() -> bool:
        return len(cycles) > 3

    async def gone() -> bool:
        return await here.jobs.get("a") is None

    chores = Upkeep(
        store=there, files=LocalFiles(tmp_path / "files"), retention=Retention(1.0, 0.0, 0), upload_folder=folder, chores=(note,)
    )
    async with here.turns.turn("upkeep"):
        task = asyncio.create_task(chores.run(0.01))
        await until(some_cycles)
        assert await here.jobs.get("a") is not None
    await until(gone)
    task.cancel()
    await asyncio.wait({task})
    await here.close()
    await there.close()


class Slow(LocalFiles):
    """Files that take a while to count."""

    counts = 0

    async def usage(self, prefix: str = "") -> int:
        self.counts += 1
        await asyncio.sleep(0.05)
        return await super().usage(prefix)


async def test_what_is_slow_to_count_is_counted_seldom(shop: Shop) -> None:
    files = Slow(shop.folder / "files")
    for retention, counts in ((Retention(0, 0, 1000), 1), (Retention(0, 0, 0), 0)):
        files.counts = 0
        chores = Upkeep(store=shop.store, files=files, retention=retention, upload_folder=shop.folder / "tmp")
        for _ in range(3):
            await chores.remove_old_files()
        assert files.counts == counts
