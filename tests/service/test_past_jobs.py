"""What can be done with a job that was accepted once: look into it, run it again, delete it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from tests.service.kit import PNG, WORKFLOW, Desk, open_desk
from viewcomfy.core.errors import (
    DiskFull,
    JobNotFinished,
    KeyNotAllowed,
    QueueFull,
    UnknownDeployment,
    UnknownJob,
    UploadsRemoved,
)
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.core.keys import Caller
from viewcomfy.files.base import Files
from viewcomfy.files.cloud import CloudFiles
from viewcomfy.files.local import LocalFiles
from viewcomfy.service.past_jobs import LATE_SECONDS

pytestmark = pytest.mark.anyio

CAT = PNG + b"a cat"


def in_memory(folder: Path) -> Files:
    """Return files that do not lie on this machine's disk."""
    return CloudFiles(MemoryStore(), folder, "memory")


class Full(LocalFiles):
    """Files that have room for one job only."""

    jobs = 1

    async def put_file(self, key: str, path: Path) -> int:
        if not self.jobs:
            raise DiskFull("No space is left for files.")
        self.jobs -= 1
        return await super().put_file(key, path)


async def a_job(desk: Desk, caller: Caller | None = None) -> Job:
    """Return a finished job with a file."""
    job = await desk.submit(await desk.deploy(), {"2-inputs-seed": 7}, desk.file(CAT), caller=caller)
    await desk.finish(job.prompt_id)
    return job


async def content(desk: Desk, job: Job) -> bytes:
    return b"".join([chunk async for chunk in desk.files.read(job.uploads[0].file_key)])


# --- again ------------------------------------------------------------------------------------------------------------
async def test_a_job_runs_again_as_a_new_one_with_files_of_its_own(desk: Desk) -> None:
    job = await a_job(desk)
    desk.clock.now += 100
    again = await desk.past_jobs.retry(desk.caller, job.prompt_id)
    assert again == await desk.jobs.get(desk.caller, again.prompt_id)
    [old], [new] = job.uploads, again.uploads
    assert new.filename == f"{again.prompt_id}-0-cat.png", "no other job's file can be taken for it"
    assert again.workflow["1"]["inputs"]["image"] == new.filename
    assert again.workflow["2"] == job.workflow["2"]
    assert (again.deployment, again.version, again.key_id, again.affinity) == (job.deployment, job.version, job.key_id, job.affinity)
    assert (again.status, again.attempt, again.created_at) == (JobStatus.QUEUED, 0, desk.clock.now)
    await desk.past_jobs.delete(desk.caller, job.prompt_id)
    assert await content(desk, again) == CAT, "the first job's file is another one"
    assert desk.stored() == [new.file_key]
    assert old.file_key != new.file_key
    await desk.finish(again.prompt_id)


async def test_a_retried_job_can_be_retried(desk: Desk) -> None:
    again = await desk.past_jobs.retry(desk.caller, (await a_job(desk)).prompt_id)
    third = await desk.past_jobs.retry(desk.caller, again.prompt_id)
    assert third.uploads[0].filename == f"{third.prompt_id}-0-cat.png"


async def test_what_runs_again_is_the_jobs_own_workflow(desk: Desk) -> None:
    other = {**WORKFLOW, "2": {"class_type": "Other", "inputs": {"seed": 9, "image": ["1", 0]}}}
    deployment = await desk.deploy()
    job = await desk.submit(deployment, {}, workflow_api=other)
    await desk.deploy(workflow=other | {"9": {"class_type": "Newer", "inputs": {"images": ["2", 0]}}})
    again = await desk.past_jobs.retry(desk.caller, job.prompt_id)
    assert again.workflow == job.workflow
    assert again.version == 1


async def test_a_retry_is_filed_under_the_jobs_key_whoever_asks_for_it(desk: Desk) -> None:
    owner = await desk.new_caller()
    job = await a_job(desk, owner)
    again = await desk.past_jobs.retry(Caller(), job.prompt_id)
    assert again.key_id == owner.key_id
    assert await desk.jobs.get(owner, again.prompt_id) == again


async def test_files_that_lie_elsewhere_are_copied_too(tmp_path: Path) -> None:
    async with open_desk(tmp_path, files=in_memory(tmp_path)) as desk:
        again = await desk.past_jobs.retry(desk.caller, (await a_job(desk)).prompt_id)
        assert await content(desk, again) == CAT
        assert again.uploads[0].size == len(CAT)


@pytest.mark.parametrize("kind", [LocalFiles, in_memory])
async def test_a_job_whose_files_are_gone_is_not_retried(tmp_path: Path, kind: Callable[[Path], Files]) -> None:
    async with open_desk(tmp_path, files=kind(tmp_path / "files")) as desk:
        job = await a_job(desk)
        await desk.files.remove(f"jobs/{job.prompt_id}/")
        with pytest.raises(UploadsRemoved):
            await desk.past_jobs.retry(desk.caller, job.prompt_id)
        assert desk.stored() == []


async def test_a_retry_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path, files=Full(tmp_path / "files")) as desk:
        job = await a_job(desk)
        with pytest.raises(DiskFull):
            await desk.past_jobs.retry(desk.caller, job.prompt_id)
        assert desk.stored() == [job.uploads[0].file_key]
        assert await desk.engine.queue_length() == 0


async def test_a_retry_needs_room_in_the_queue(tmp_path: Path) -> None:
    async with open_desk(tmp_path, max_queue=1) as desk:
        job = await a_job(desk)
        await desk.submit(await desk.deploy())
        with pytest.raises(QueueFull):
            await desk.past_jobs.retry(desk.caller, job.prompt_id)


async def test_a_retry_is_a_call_that_must_be_allowed_still(desk: Desk) -> None:
    caller = await desk.new_caller()
    job = await a_job(desk, caller)
    assert caller.key is not None
    with pytest.raises(KeyNotAllowed):
        await desk.past_jobs.retry(Caller(replace(caller.key, deployments=("other",))), job.prompt_id)
    with pytest.raises(UnknownJob):
        await desk.past_jobs.retry(await desk.new_caller(), job.prompt_id)
    await desk.deployments.remove("d")
    with pytest.raises(UnknownDeployment):
        await desk.past_jobs.retry(caller, job.prompt_id)


# --- away -------------------------------------------------------------------------------------------------------------
async def test_a_deleted_job_is_gone_with_its_files_and_events(desk: Desk) -> None:
    job = await a_job(desk)
    await desk.past_jobs.delete(desk.caller, job.prompt_id)
    with pytest.raises(UnknownJob):
        await desk.jobs.get(desk.caller, job.prompt_id)
    assert desk.stored() == []
    assert await desk.store.events.read(job.prompt_id, 0) == []
    with pytest.raises(UnknownJob):
        await desk.past_jobs.delete(desk.caller, job.prompt_id)


async def test_a_job_that_has_not_finished_is_not_deleted(desk: Desk) -> None:
    job = await desk.submit(await desk.deploy(), {}, desk.file())
    with pytest.raises(JobNotFinished):
        await desk.past_jobs.delete(desk.caller, job.prompt_id)
    assert len(desk.stored()) == 1
    await desk.jobs.cancel(desk.caller, job.prompt_id)
    await desk.past_jobs.delete(desk.caller, job.prompt_id)


async def test_another_keys_job_is_not_deleted(desk: Desk) -> None:
    job = await a_job(desk, await desk.new_caller())
    with pytest.raises(UnknownJob):
        await desk.past_jobs.delete(await desk.new_caller(), job.prompt_id)
    await desk.past_jobs.delete(Caller(), job.prompt_id)


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_what_comes_in_late_for_a_deleted_job_goes_too(desk: Desk) -> None:
    job = await a_job(desk)
    await desk.past_jobs.delete(desk.caller, job.prompt_id)
    await desk.store.events.append([(job.prompt_id, Event(EventKind.LOG, {"text": "late"}, 1.0, 99))], {})
    await desk.files.put(f"jobs/{job.prompt_id}/out-1-late.png", chunks(CAT))
    desk.clock.now += LATE_SECONDS + 1
    await desk.past_jobs.remove_late()
    assert desk.stored() == []
    assert await desk.store.events.read(job.prompt_id, 0) == []


# --- into it ----------------------------------------------------------------------------------------------------------
async def test_looking_into_a_job_shows_its_inputs_by_their_names(desk: Desk) -> None:
    job = await a_job(desk)
    seen = await desk.past_jobs.look_into(desk.caller, job)
    assert seen.values["seed"] == 7
    assert seen.values["image"] == "cat.png"
    assert [(sent.name, sent.filename) for sent in seen.uploads] == [("image", "cat.png")]
    assert seen.workflow == job.workflow


async def test_a_job_of_a_deployment_that_was_taken_away_shows_its_inputs_still(desk: Desk) -> None:
    job = await a_job(desk)
    await desk.deployments.remove("d")
    assert (await desk.past_jobs.look_into(desk.caller, job)).values["seed"] == 7


async def test_a_job_whose_deployment_nobody_knows_has_no_inputs(desk: Desk) -> None:
    job = replace(await a_job(desk), deployment="never-made")
    seen = await desk.past_jobs.look_into(desk.caller, job)
    assert seen.values == {}
    assert [sent.name for sent in seen.uploads] == ["1-inputs-image"]


async def test_who_came_by_a_share_link_does_not_see_the_workflow(desk: Desk) -> None:
    caller = await desk.new_caller()
    job = await a_job(desk, caller)
    assert caller.key is not None
    seen = await desk.past_jobs.look_into(Caller(replace(caller.key, share=True)), job)
    assert seen.workflow == {}
    assert seen.values["seed"] == 7
