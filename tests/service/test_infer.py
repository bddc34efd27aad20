"""Accepting a request: what is refused leaves nothing, what is accepted is whole."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.service.kit import PNG, WORKFLOW, Desk, open_desk
from viewcomfy.core.errors import (
    Conflict,
    DiskFull,
    EmptyParams,
    InvalidJson,
    InvalidName,
    InvalidParams,
    InvalidUpload,
    KeyNotAllowed,
    NoBackend,
    OverrideNotAllowed,
    QueueFull,
    UiWorkflow,
    UnknownDeployment,
    ViewComfyError,
)
from viewcomfy.core.events import EventKind
from viewcomfy.core.jobs import JobStatus
from viewcomfy.files.local import LocalFiles
from viewcomfy.service.received import Received

pytestmark = pytest.mark.anyio


def png(size: tuple[int, int] = (4, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, "PNG")
    return buffer.getvalue()


async def test_an_accepted_request_is_a_queued_job_with_its_files(desk: Desk) -> None:
    job = await desk.submit(await desk.deploy(), {"2-inputs-seed": 7}, desk.file(PNG + b"a cat"))
    known = await desk.jobs.get(desk.caller, job.prompt_id)
    assert known == replace(job, status=JobStatus.QUEUED)
    [upload] = known.uploads
    assert (upload.node_id, upload.input_name, upload.size) == ("1", "image", 13)
    assert known.workflow["1"]["inputs"]["image"] == upload.filename
    assert known.workflow["2"]["inputs"]["seed"] == 7
    assert upload.filename.startswith(job.prompt_id)
    assert upload.filename.endswith("cat.png")
    assert desk.stored() == [upload.file_key]
    assert await desk.engine.queue_length() == 1


async def test_two_jobs_files_of_the_same_name_are_two_files(desk: Desk) -> None:
    deployment = await desk.deploy()
    jobs = [await desk.submit(deployment, {}, desk.file(PNG + data)) for data in (b"one", b"two")]
    names = {upload.filename for job in jobs for upload in job.uploads}
    assert len(names) == 2


async def test_the_files_that_came_may_go_once_the_job_is_accepted(desk: Desk) -> None:
    file = desk.file(PNG + b"a cat")
    job = await desk.submit(await desk.deploy(), {}, file)
    file.path.unlink()
    assert b"".join([chunk async for chunk in desk.files.read(job.uploads[0].file_key)]) == PNG + b"a cat"


async def test_empty_params_renew_the_seed_and_a_line_says_so(desk: Desk) -> None:
    job = await desk.submit(await desk.deploy(), {})
    seed = job.workflow["2"]["inputs"]["seed"]
    assert seed != 1
    await desk.finish(job.prompt_id)
    lines = [event.data["text"] async for event in desk.jobs.follow(job.prompt_id) if event.kind is EventKind.LOG]
    assert lines == [f"params is empty, so the seed is new: 2-inputs-seed = {seed}"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"params": [1]}, InvalidParams),
        ({"params": {"3-inputs-seed": 1}}, InvalidParams),
        ({"params": {"2-inputs-seed": "one"}}, InvalidParams),
        ({"params": {}, "workflow_api": '{"nodes": []}'}, UiWorkflow),
        ({"params": {}, "workflow_api": "{"}, InvalidJson),
        ({"params": {}, "prompt_id": "not-a-uuid"}, InvalidName),
    ],
)
async def test_bad_input_leaves_nothing(desk: Desk, given: dict[str, Any], error: type[ViewComfyError]) -> None:
    deployment = await desk.deploy()
    with pytest.raises(error):
        await desk.infer.submit(desk.caller, deployment, Received(files=(desk.file(),), **given))
    assert desk.stored() == []
    assert await desk.engine.queue_length() == 0
    assert await desk.jobs.page(desk.caller) == ([], None)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([("9-inputs-image", b"x")], "names no input"),
        ([("2-inputs-seed", b"x")], "is a number"),
        ([("2-inputs-image", b"x")], "connected to node '1'"),
        ([("1-inputs-image", b"")], "0 bytes"),
        ([("1-inputs-image-viewcomfymask", PNG)], "no image"),
        ([("1-inputs-image", PNG + b"no picture"), ("1-inputs-image-viewcomfymask", PNG)], "can't be read"),
    ],
)
async def test_a_file_that_does_not_fit_is_refused_by_name(desk: Desk, files: list[tuple[str, bytes]], words: str) -> None:
    deployment = await desk.deploy()
    with pytest.raises(InvalidUpload, match=words):
        await desk.submit(deployment, {}, *(desk.file(data, field) for field, data in files))
    assert desk.stored() == []


async def test_a_workflow_without_a_seed_wants_params(desk: Desk) -> None:
    deployment = await desk.deploy("plain", {"1": {"class_type": "X", "inputs": {"text": "a"}}})
    with pytest.raises(EmptyParams, match="1-inputs-text"):
        await desk.submit(deployment, {})


async def test_a_mask_goes_into_the_alpha_of_its_image(desk: Desk) -> None:
    image, mask = desk.file(png(), filename="photo.jpg"), desk.file(png(), "1-inputs-image-viewcomfymask")
    job = await desk.submit(await desk.deploy(), {}, mask, image)
    [upload] = job.uploads
    assert upload.filename.endswith(".png")
    with Image.open(io.BytesIO(b"".join([chunk async for chunk in desk.files.read(upload.file_key)]))) as merged:
        assert merged.mode == "RGBA"
    assert not list(desk.folder.glob("*.masked"))


# --- who may do what --------------------------------------------------------------------------------------------------
async def test_a_limited_key_calls_its_deployments_only(desk: Desk) -> None:
    await desk.deploy("mine")
    await desk.deploy("other")
    caller = await desk.new_caller(deployments=["mine"])
    assert (await desk.infer.open(caller, "mine")).name == "mine"
    for name in ("other", "absent", "../mine"):
        with pytest.raises(KeyNotAllowed):
            await desk.infer.open(caller, name)
    with pytest.raises(UnknownDeployment):
        await desk.infer.open(desk.caller, "absent")


async def test_a_workflow_of_ones_own_is_a_permission(desk: Desk) -> None:
    deployment, own = await desk.deploy(), json.dumps({"5": {"class_type": "Y", "inputs": {}}})
    assert (await desk.submit(deployment, {}, workflow_api=own)).workflow == json.loads(own)
    limited = await desk.new_caller(deployments=["d"])
    with pytest.raises(OverrideNotAllowed):
        await desk.submit(deployment, {}, workflow_api=own, caller=limited)
    for nothing in ("", "  ", "null"):
        assert (await desk.submit(deployment, caller=limited, workflow_api=nothing)).workflow["1"] == WORKFLOW["1"]
    trusted = await desk.new_caller(deployments=["d"], allow_override=True)
    assert (await desk.submit(deployment, {}, workflow_api=own, caller=trusted)).key_id == trusted.key_id


# --- the same request again -------------------------------------------------------------------------------------------
async def test_the_same_prompt_id_gives_the_same_job(desk: Desk) -> None:
    deployment, prompt_id = await desk.deploy(), str(uuid.uuid4())
    first = await desk.submit(deployment, {}, desk.file(), prompt_id=prompt_id)
    again = await desk.submit(deployment, {}, desk.file(), prompt_id=prompt_id.upper())
    assert again.prompt_id == first.prompt_id == prompt_id
    assert desk.stored() == [first.uploads[0].file_key]
    assert await desk.engine.queue_length() == 1


async def test_the_same_prompt_id_at_the_same_time_is_one_job_that_keeps_its_files(desk: Desk) -> None:
    deployment, prompt_id = await desk.deploy(), str(uuid.uuid4())
    jobs = await asyncio.gather(*(desk.submit(deployment, {}, desk.file(PNG + b"cat"), prompt_id=prompt_id) for _ in range(5)))
    assert {job.prompt_id for job in jobs} == {prompt_id}
    kept = await desk.jobs.get(desk.caller, prompt_id)
    assert desk.stored() == [kept.uploads[0].file_key]
    assert await desk.engine.queue_length() == 1


async def test_somebody_elses_prompt_id_is_taken(desk: Desk) -> None:
    deployment, prompt_id = await desk.deploy(), str(uuid.uuid4())
    await desk.submit(deployment, prompt_id=prompt_id, caller=await desk.new_caller())
    with pytest.raises(Conflict, match="taken"):
        await desk.submit(deployment, prompt_id=prompt_id, caller=await desk.new_caller())


# --- limits -----------------------------------------------------------------------------------------------------------
async def test_a_full_queue_refuses_the_next_and_takes_it_later(tmp_path: Path) -> None:
    async with open_desk(tmp_path, max_queue=2) as desk:
        deployment = await desk.deploy()
        jobs = [await desk.submit(deployment) for _ in range(2)]
        with pytest.raises(QueueFull) as full:
            await desk.submit(deployment, {}, desk.file())
        assert full.value.retry_after
        assert desk.stored() == []
        await desk.finish(jobs[0].prompt_id)
        await desk.submit(deployment)


async def test_without_any_comfyui_nothing_is_accepted(tmp_path: Path) -> None:
    async with open_desk(tmp_path, backends=0) as desk:
        with pytest.raises(NoBackend, match="comfyui install"):
            await desk.submit(await desk.deploy())


async def test_the_servers_time_limit_holds_where_the_deployment_has_none(tmp_path: Path) -> None:
    async with open_desk(tmp_path, time_limit=60) as desk:
        assert (await desk.submit(await desk.deploy())).time_limit == 60
        own = await desk.deployments.deploy("own", WORKFLOW, time_limit=5)
        assert (await desk.submit(own)).time_limit == 5


class FullFiles(LocalFiles):
    """Files that take one file and no more."""

    async def put_file(self, key: str, path: Path) -> int:
        if await self.usage():
            raise DiskFull("No space is left for files.")
        return await super().put_file(key, path)


async def test_a_disk_that_fills_up_between_two_files_leaves_neither(tmp_path: Path) -> None:
    two = {**WORKFLOW, "3": {"class_type": "LoadImage", "inputs": {"image": "b.png"}}}
    async with open_desk(tmp_path, files=FullFiles(tmp_path / "files")) as desk:
        deployment = await desk.deploy("two", two)
        with pytest.raises(DiskFull):
            await desk.submit(deployment, {}, desk.file(), desk.file(field="3-inputs-image"))
        assert desk.stored() == []
        assert await desk.engine.queue_length() == 0


class SlowFiles(LocalFiles):
    """Files that take their time, so that a caller can vanish meanwhile."""

    started: asyncio.Event

    async def put_file(self, key: str, path: Path) -> int:
        size = await super().put_file(key, path)
        self.started.set()
        await asyncio.sleep(30)
        return size


async def test_a_caller_that_vanishes_before_the_job_is_accepted_leaves_nothing(tmp_path: Path) -> None:
    files = SlowFiles(tmp_path / "files")
    files.started = asyncio.Event()
    async with open_desk(tmp_path, files=files) as desk:
        calling = asyncio.create_task(desk.submit(await desk.deploy(), {}, desk.file()))
        await files.started.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert desk.stored() == []
