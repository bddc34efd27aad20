"""Batches: many jobs at once, all accepted or none, looked after as one."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from tests.service.batch_kit import SEEDS, Office, data_url, png
from tests.service.kit import Desk, open_desk
from viewcomfy.core.batches import Batch
from viewcomfy.core.errors import (
    BadInput,
    Conflict,
    DiskFull,
    FetchFailed,
    InvalidName,
    InvalidParams,
    InvalidUpload,
    NoBackend,
    QueueFull,
    TooLarge,
    UnknownBatch,
)
from viewcomfy.core.jobs import JobStatus
from viewcomfy.engine.base import Claimer
from viewcomfy.files.cloud import CloudFiles
from viewcomfy.files.local import LocalFiles
from viewcomfy.service.batches import BatchLimits
from viewcomfy.service.received import ReceivedFile

pytestmark = pytest.mark.anyio


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk)


async def refused(office: Office, spec: dict[str, Any], *files: ReceivedFile) -> BadInput:
    with pytest.raises(BadInput) as caught:
        await office.submit(await office.desk.deploy(), spec, *files)
    assert await office.desk.engine.queue_length() == 0
    assert (await office.batches.page(office.desk.caller))[0] == []
    assert office.left_behind() == []
    return caught.value


async def test_a_list_makes_a_job_of_each_of_its_items(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"list": [{"seed": 4}, {"seed": 5}], "inputs": {"filename_prefix": "cats"}})
    jobs = await office.jobs(batch)
    assert [job.workflow["2"]["inputs"]["seed"] for job in jobs] == [4, 5]
    assert {job.workflow["9"]["inputs"]["filename_prefix"] for job in jobs} == {"cats"}
    assert batch.labels == ("seed=4", "seed=5")
    assert await office.desk.engine.queue_length() == 2
    assert [(await office.work()).prompt_id for _ in jobs] == list(batch.prompt_ids)


async def test_a_grid_makes_a_job_of_each_combination(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"filename_prefix": ["a", "b"], "2-inputs-seed": [1, 2]}})
    made = [(job.workflow["9"]["inputs"]["filename_prefix"], job.workflow["2"]["inputs"]["seed"]) for job in await office.jobs(batch)]
    assert made == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert [axis.name for axis in batch.axes] == ["filename_prefix", "2-inputs-seed"]


async def test_a_batch_is_of_the_version_that_was_asked_for_and_of_the_key_that_asked(office: Office) -> None:
    caller = await office.desk.new_caller()
    first = await office.desk.deploy()
    await office.desk.deploy()
    batch = await office.submit(first, caller=caller)
    assert (batch.deployment, batch.version, batch.key_id, batch.total) == ("d", 1, caller.key_id, 3)
    assert {(job.version, job.key_id) for job in await office.jobs(batch)} == {(1, caller.key_id)}


async def test_empty_jobs_get_seeds_of_their_own(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"list": [{}, {}, {}]})
    assert len({job.workflow["2"]["inputs"]["seed"] for job in await office.jobs(batch)}) == 3


async def test_every_problem_of_every_job_is_told_at_once(office: Office) -> None:
    error = await refused(office, {"list": [{"seed": 1}, {"seed": "x"}, {"sed": 1}, {"seed": {"a": 1}}], "inputs": {"images": 3}})
    assert isinstance(error, InvalidParams)
    told = [(problem["input"], problem["jobs"]) for problem in error.problems]
    assert {("seed", (2,)), ("sed", (3,)), ("seed", (4,))} <= {(name, tuple(jobs)) for name, jobs in told}
    assert [jobs for name, jobs in told if name == "images"] == [[1, 2, 3, 4]]
    assert "Job 2 (seed=x)" in next(problem["message"] for problem in error.problems if problem["jobs"] == [2])


@pytest.mark.parametrize("spec", [{}, {"list": []}, {"grid": {"seed": 1}}, {"list": [{}], "grid": {"seed": [1]}}, {"list": [1]}])
async def test_what_is_no_batch_is_refused(office: Office, spec: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        await office.batches.submit(office.desk.caller, await office.desk.deploy(), spec)


async def test_more_jobs_than_allowed_are_refused(desk: Desk) -> None:
    office = Office(desk, BatchLimits(jobs=2))
    assert "2" in (await refused(office, SEEDS)).message


async def test_a_batch_fits_into_the_queue_whole_or_not_at_all(tmp_path: Path) -> None:
    async with open_desk(tmp_path, max_queue=5) as desk:
        office, deployment = Office(desk), await desk.deploy()
        await office.submit(deployment)
        with pytest.raises(QueueFull) as caught:
            await office.submit(deployment)
        assert caught.value.retry_after
        await office.submit(deployment, {"list": [{"seed": 1}, {"seed": 2}]})
        with pytest.raises(QueueFull):
            await desk.submit(deployment)
        assert await desk.engine.queue_length() == 5
        with pytest.raises(QueueFull) as never:
            await office.submit(deployment, {"grid": {"seed": [1, 2, 3, 4, 5, 6]}})
        assert never.value.retry_after is None


async def test_batches_at_the_same_time_keep_the_limit_of_the_queue(tmp_path: Path) -> None:
    async with open_desk(tmp_path, max_queue=10) as desk:
        office, deployment = Office(desk), await desk.deploy()
        made = await asyncio.gather(*(office.submit(deployment) for _ in range(20)), return_exceptions=True)
        assert len([one for one in made if isinstance(one, Batch)]) == 3
        assert {type(one) for one in made} == {Batch, QueueFull}
        assert await desk.engine.queue_length() == 9
        assert len((await office.batches.page(desk.caller))[0]) == 3


async def test_without_a_backend_no_batch_is_accepted(tmp_path: Path) -> None:
    async with open_desk(tmp_path, backends=0) as desk:
        with pytest.raises(NoBackend):
            await Office(desk).submit(await desk.deploy())


# --- files ---
async def test_a_file_that_all_jobs_share_is_one_file_on_the_disk(office: Office) -> None:
    file = office.desk.file(png())
    batch = await office.submit(await office.desk.deploy(), SEEDS, file)
    uploads = [job.uploads[0] for job in await office.jobs(batch)]
    paths = [_path(office, upload.file_key) for upload in uploads]
    assert len({path.stat().st_ino for path in paths}) == 1
    assert len({upload.filename for upload in uploads}) == 3
    assert await office.desk.files.usage() == file.size
    await office.desk.files.remove(f"jobs/{batch.prompt_ids[0]}/")
    assert [path.is_file() for path in paths] == [False, True, True]


class Counting(CloudFiles):
    """Files that lie elsewhere, and how many were brought there."""

    brought = 0

    async def put_file(self, key: str, path: Path) -> int:
        self.brought += 1
        return await super().put_file(key, path)


async def test_a_file_that_all_jobs_share_is_brought_to_another_place_once(tmp_path: Path) -> None:
    files = Counting(MemoryStore(), tmp_path / "spool", "memory")
    async with open_desk(tmp_path, files=files) as desk:
        office = Office(desk)
        batch = await office.submit(await desk.deploy(), SEEDS, desk.file(png()))
        sizes = [await files.size(job.uploads[0].file_key) for job in await office.jobs(batch)]
    assert sizes == [len(png())] * len(batch.prompt_ids)
    assert files.brought == 1


async def test_a_data_url_that_all_jobs_share_is_decoded_once(office: Office) -> None:
    url = data_url(png())
    batch = await office.submit(await office.desk.deploy(), {**SEEDS, "inputs": {"image": url}})
    uploads = [job.uploads[0] for job in await office.jobs(batch)]
    assert len({_inode(office, upload.file_key) for upload in uploads}) == 1
    assert not list(office.tmp.iterdir())


async def test_jobs_can_have_files_of_their_own(office: Office) -> None:
    urls = [data_url(png(color)) for color in ("red", "blue", "red")]
    batch = await office.submit(await office.desk.deploy(), {"list": [{"image": url} for url in urls]})
    inodes = [_inode(office, job.uploads[0].file_key) for job in await office.jobs(batch)]
    assert inodes[0] == inodes[2] != inodes[1]


def _inode(office: Office, key: str) -> int:
    return _path(office, key).stat().st_ino


def _path(office: Office, key: str) -> Path:
    return office.desk.folder / "files" / key


async def test_a_mask_is_put_on_its_image_once(office: Office) -> None:
    image = office.desk.file(png())
    mask = office.desk.file(png("black"), "1-inputs-image-viewcomfymask", "mask.png")
    batch = await office.submit(await office.desk.deploy(), SEEDS, image, mask)
    keys = [job.uploads[0].file_key for job in await office.jobs(batch)]
    assert len({_inode(office, key) for key in keys}) == 1
    assert all(key.endswith("-cat.png") for key in keys)
    assert [path.name for path in office.desk.folder.glob("*masked*")] == []


async def test_a_mask_that_is_no_picture_is_told_before_anything_is_kept(office: Office) -> None:
    image = office.desk.file(png())
    mask = office.desk.file(png()[:40], "1-inputs-image-viewcomfymask", "mask.png")
    error = await refused(office, SEEDS, image, mask)
    assert isinstance(error, InvalidUpload)
    assert error.problems[0]["jobs"] == [1, 2, 3]


async def test_files_that_cannot_be_fetched_are_told_with_their_jobs(office: Office) -> None:
    spec = {"list": [{"image": "https://example.org/a.png"}, {"image": data_url(png())}, {"image": "data:,"}]}
    error = await refused(office, spec)
    assert [problem["jobs"] for problem in error.problems] == [[1], [3]]
    assert isinstance(await refused(office, {"list": spec["list"][:2]}), FetchFailed)


async def test_the_files_of_a_batch_have_a_limit_together(desk: Desk) -> None:
    data = png()
    office = Office(desk, BatchLimits(fetched_bytes=2 * len(data)))
    urls = [data_url(png(color)) for color in ("red", "lime", "blue", "cyan")]
    assert isinstance(await refused(office, {"grid": {"image": urls}}), TooLarge)
    assert await office.submit(await desk.deploy(), {"grid": {"image": urls[:1], "seed": [1, 2, 3, 4]}})


async def test_a_jobs_own_file_goes_before_the_one_that_all_share(office: Office) -> None:
    spec = {"list": [{"seed": 1}, {"1-inputs-image": data_url(png("black"))}]}
    first, second = await office.jobs(await office.submit(await office.desk.deploy(), spec, office.desk.file(png("white"))))
    assert [len(job.uploads) for job in (first, second)] == [1, 1]
    assert (first.uploads[0].size, second.uploads[0].size) == (len(png("white")), len(png("black")))
    assert first.uploads[0].filename.endswith("cat.png")
    assert second.uploads[0].filename.endswith("upload.png")


class FullDisk(LocalFiles):
    """Files on a disk that has room for two more."""

    room = 2

    async def put_file(self, key: str, path: Path) -> int:
        if not self.room:
            raise DiskFull("No space is left.")
        self.room -= 1
        return await super().put_file(key, path)


async def test_a_disk_that_fills_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path, files=FullDisk(tmp_path / "files")) as desk:
        office = Office(desk)
        with pytest.raises(DiskFull):
            await office.submit(await desk.deploy(), SEEDS, desk.file(png()))
        assert office.left_behind() == []
        assert await desk.engine.queue_length() == 0
        assert (await desk.store.jobs.page())[0] == []


# --- the same batch again ---
async def test_the_same_batch_id_finds_the_same_batch(office: Office) -> None:
    deployment, batch_id = await office.desk.deploy(), str(uuid.uuid4())
    batch = await office.submit(deployment, batch_id=batch_id)
    again = await office.submit(deployment, {"list": [{"seed": 9}]}, batch_id=batch_id.upper())
    assert again == batch
    assert await office.desk.engine.queue_length() == 3


async def test_a_batch_id_that_comes_twice_at_once_makes_one_batch(office: Office) -> None:
    deployment, batch_id = await office.desk.deploy(), str(uuid.uuid4())
    made = await asyncio.gather(*(office.submit(deployment, SEEDS, office.desk.file(png()), batch_id=batch_id) for _ in range(5)))
    assert len({batch.prompt_ids for batch in made}) == 1
    assert await office.desk.engine.queue_length() == 3
    assert len(office.desk.stored()) == 3


async def test_another_keys_batch_id_is_taken(office: Office) -> None:
    deployment, batch_id = await office.desk.deploy(), str(uuid.uuid4())
    await office.submit(deployment, batch_id=batch_id)
    with pytest.raises(Conflict):
        await office.submit(deployment, batch_id=batch_id, caller=await office.desk.new_caller())
    with pytest.raises(Conflict):
        await office.submit(replace(deployment, name="other"), batch_id=batch_id)
    with pytest.raises(InvalidName):
        await office.submit(deployment, batch_id="not a uuid")


# --- looking after it ---
async def test_a_key_sees_its_own_batches_and_the_admin_all(office: Office) -> None:
    deployment = await office.desk.deploy()
    alice, bob = await office.desk.new_caller(), await office.desk.new_caller()
    batch = await office.submit(deployment, caller=alice)
    for caller, seen in ((alice, [batch.batch_id]), (bob, []), (office.desk.caller, [batch.batch_id])):
        assert [found.batch_id for found, _ in (await office.batches.page(caller))[0]] == seen
    assert (await office.batches.get(office.desk.caller, batch.batch_id)).batch == batch
    for what in (office.batches.get, office.batches.cancel, office.batches.made):
        with pytest.raises(UnknownBatch):
            await what(bob, batch.batch_id)
    assert (await office.batches.get(alice, batch.batch_id)).progress.queued == 3


async def test_progress_counts_the_jobs_by_where_they_stand(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"seed": [1, 2, 3, 4]}})
    await office.work()
    await office.work(status=JobStatus.FAILED)
    await office.desk.engine.claim(Claimer("test"))
    now = (await office.batches.get(office.desk.caller, batch.batch_id)).progress
    assert now.as_dict() == {"queued": 1, "running": 1, "succeeded": 1, "failed": 1, "canceled": 0, "total": 4, "done": 2}
    assert (await office.batches.page(office.desk.caller))[0][0][1] == now


async def test_a_cancel_in_the_middle_ends_what_has_not_ended(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"seed": [1, 2, 3, 4]}})
    await office.work()
    lease = await office.desk.engine.claim(Claimer("test"))
    state = await office.batches.cancel(office.desk.caller, batch.batch_id)
    assert [job.status for job in state.jobs] == [JobStatus.SUCCEEDED, *[JobStatus.CANCELED] * 3]
    assert state.progress.is_done
    assert state.batch.canceled_at
    async with asyncio.timeout(5):
        await office.desk.engine.canceled(lease)
    assert await office.desk.engine.queue_length() == 0
    assert await office.batches.cancel(office.desk.caller, batch.batch_id) == state


async def test_a_cancel_starts_no_job_that_waits(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"seed": list(range(20))}})
    lease = await office.desk.engine.claim(Claimer("test"))

    async def worker() -> None:
        await office.desk.engine.canceled(lease)
        await office.desk.engine.claim(Claimer("test"))

    working = asyncio.create_task(worker())
    state = await office.batches.cancel(office.desk.caller, batch.batch_id)
    working.cancel()
    jobs = await office.jobs(batch)
    assert state.progress.canceled == 20
    assert [job.started_at is not None for job in jobs] == [True] + [False] * 19


async def test_a_cancel_that_was_cut_off_is_finished_later(office: Office) -> None:
    deployment = await office.desk.deploy()
    batch, other = await office.submit(deployment), await office.submit(deployment)
    await office.desk.store.batches.mark_canceled(batch.batch_id, 5.0)
    await office.batches.finish_cancels()
    assert (await office.batches.get(office.desk.caller, batch.batch_id)).progress.canceled == 3
    assert (await office.batches.get(office.desk.caller, other.batch_id)).progress.queued == 3


async def test_a_batch_waits_its_turn_among_other_keys(office: Office) -> None:
    deployment = await office.desk.deploy()
    alice, bob = await office.desk.new_caller(), await office.desk.new_caller()
    await office.submit(deployment, {"grid": {"seed": list(range(10))}}, caller=alice)
    job = await office.desk.submit(deployment, caller=bob)
    first = [(await office.work()).prompt_id for _ in range(3)]
    assert job.prompt_id in first


async def test_a_caller_that_goes_away_leaves_a_whole_batch_or_none(office: Office) -> None:
    deployment = await office.desk.deploy()
    spec = {"grid": {"seed": list(range(30))}}
    for steps in range(0, 60, 3):
        file = office.desk.file(png())
        submitting = asyncio.create_task(office.submit(deployment, spec, file))
        for _ in range(steps):
            await asyncio.sleep(0)
        submitting.cancel()
        await asyncio.wait({submitting})
    await asyncio.gather(*office.batches._accepting)
    page, _ = await office.batches.page(office.desk.caller)
    assert {progress.total for _, progress in page} <= {30}
    assert await office.desk.engine.queue_length() == 30 * len(page)
    assert len(office.desk.stored()) == 30 * len(page)


async def test_a_large_batch_lets_others_have_their_turn(tmp_path: Path) -> None:
    async with open_desk(tmp_path, max_queue=1000) as desk:
        office, deployment = Office(desk), await desk.deploy()
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        running = asyncio.create_task(other())
        await office.submit(deployment, {"grid": {"seed": list(range(1000))}}, desk.file(png()))
        running.cancel()
        assert turns > 10
        assert await desk.engine.queue_length() == 1000
