"""Backends on a real ComfyUI: start, jobs, logs, cancel, idle stop."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.comfy_jobs import failing, files_of, heard, lines_of, plain, queued, sampling, saving, until_started, waiting
from viewcomfy.comfy.api import file_chunks
from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.failures import failure
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.messages import (
    Failed,
    Finished,
    Interrupted,
    JobMessage,
    LogLines,
    NodeOutput,
    NodeText,
    Preview,
    Progress,
    Started,
    Succeeded,
)
from viewcomfy.comfy.news import JobNews
from viewcomfy.comfy.node_output import text_outputs
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.process import Launch
from viewcomfy.core.errors import InvalidUpload, MissingModel, OutOfMemory, UnknownNodeClass, WorkflowFailed, WorkflowRejected
from viewcomfy.core.events import EventKind

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def backend(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backend]:
    """One ComfyUI for the tests that leave it as it was."""
    backend = Backend("shared", Launch(installation, tmp_path_factory.mktemp("backend")))
    await backend.ensure_ready()
    yield backend
    await backend.stop()


def pixels(backend: Backend, messages: Iterable[JobMessage]) -> bytes:
    folders = backend.folders
    assert folders
    [entry] = files_of(messages)
    path = folders.path_of(entry)
    assert path
    with Image.open(path) as image:
        return image.tobytes()


async def test_a_plain_job_tells_its_story_in_order(backend: Backend) -> None:
    messages = await heard(backend.link, plain(7))
    kinds = [type(message) for message in messages if not isinstance(message, LogLines)]
    assert kinds[0] is Started
    assert kinds[-3:] == [NodeOutput, Succeeded, Finished]
    assert lines_of(messages)[0] == "got prompt"


async def test_an_output_is_the_same_through_http_and_on_disk(backend: Backend) -> None:
    messages = await heard(backend.link, plain(0x336699))
    [entry] = files_of(messages)
    content = b"".join([chunk async for chunk in backend.link.api.view(entry)])
    with Image.open(io.BytesIO(content)) as image:
        assert image.tobytes() == pixels(backend, messages)
        assert image.getpixel((0, 0)) == (0x33, 0x66, 0x99)


async def test_a_sampler_shows_each_step_with_pictures_and_lines(backend: Backend) -> None:
    messages = await heard(backend.link, sampling(1))
    steps = [message.value for message in messages if isinstance(message, Progress)]
    previews = [message for message in messages if isinstance(message, Preview)]
    assert steps == list(range(1, 9))
    assert previews
    assert all(preview.node_id == "4" and preview.content_type == "image/jpeg" for preview in previews)
    assert any("8/8" in line for line in lines_of(messages))


async def test_the_same_seed_samples_the_same_picture_and_another_seed_another(backend: Backend) -> None:
    first = pixels(backend, await heard(backend.link, sampling(11)))
    other = pixels(backend, await heard(backend.link, sampling(12)))
    again = pixels(backend, await heard(backend.link, sampling(11)))
    assert first == again
    assert first != other
    assert len(set(first)) > 16


async def test_the_news_of_a_job_grow_to_the_whole(backend: Backend) -> None:
    workflow = waiting(21, 0.3)
    news = JobNews(workflow, progress_every=0)
    events = [event for at, message in enumerate(await heard(backend.link, workflow)) for event in news.events(message, at)]
    progress = [event.data for event in events if event.kind is EventKind.PROGRESS]
    fractions = [data["fraction"] for data in progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert "The wait" in {data["title"] for data in progress}
    assert any(event.data.get("text") == "waited 0.3 s" for event in events)


async def test_text_outputs_are_read(backend: Backend) -> None:
    workflow = {
        "1": {"class_type": "PrimitiveString", "inputs": {"value": "hello"}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    messages = await heard(backend.link, workflow)
    assert [text for message in messages if isinstance(message, NodeOutput) for text in text_outputs(message.ui)] == ["hello"]


async def test_files_of_custom_nodes_are_found(backend: Backend) -> None:
    node = {"class_type": "TKSaveBytes", "inputs": {"megabytes": 3, "seed": 5, "filename_prefix": "deep/er/file"}}
    [entry] = files_of(await heard(backend.link, {"1": node}))
    assert entry.subfolder == "deep/er"
    chunks = [chunk async for chunk in backend.link.api.view(entry)]
    assert sum(map(len, chunks)) == 3 * 1024 * 1024 + 2
    assert max(map(len, chunks)) <= 256 * 1024


async def test_lines_go_to_the_job_that_printed_them(backend: Backend) -> None:
    first, second = await asyncio.gather(heard(backend.link, waiting(31, 0.3)), heard(backend.link, waiting(32, 0.3)))
    for seed, messages in ((31, first), (32, second)):
        steps = [line for line in lines_of(messages) if line.startswith("TKWait")]
        assert steps == [f"TKWait {seed} step {i}/10" for i in range(1, 11)]
        assert sum(line == "got prompt" for line in lines_of(messages)) == 1


async def test_a_node_that_raises_fails_the_job_and_nothing_else(backend: Backend) -> None:
    workflow = failing("raise", seed=41)
    messages = await heard(backend.link, workflow)
    [failed] = [message for message in messages if isinstance(message, Failed)]
    error = failure(failed, workflow)
    assert type(error) is WorkflowFailed
    assert error.message == "TKFail: asked to fail"
    assert error.details.pop("traceback")[-1].startswith("  File ")
    assert error.details == {"node_id": "1", "node_type": "TKFail", "node_title": "Bad", "exception_type": "ValueError"}
    assert Succeeded in [type(message) for message in await heard(backend.link, plain(42))]


async def test_running_out_of_memory_is_told_apart(backend: Backend) -> None:
    workflow = failing("oom", seed=43)
    [failed] = [message for message in await heard(backend.link, workflow) if isinstance(message, Failed)]
    assert type(failure(failed, workflow)) is OutOfMemory
    assert backend.state is BackendState.READY


async def test_a_running_job_is_interrupted(backend: Backend) -> None:
    async with queued(backend.link, waiting(51, 60, 600)) as feed:
        await until_started(feed)
        assert await backend.link.cancel(feed, grace=10)
        assert isinstance(feed.outcome, Interrupted)
        assert isinstance([message async for message in feed][-1], Finished)


async def test_a_waiting_job_is_taken_out_of_the_queue(backend: Backend) -> None:
    async with queued(backend.link, waiting(52, 2)) as running, queued(backend.link, waiting(53, 60)) as pending:
        await until_started(running)
        assert await backend.link.cancel(pending, grace=5)
        assert isinstance(pending.outcome, Interrupted)
        assert not any(isinstance(message, Started) for message in pending.pending())
        assert Succeeded in [type(message) async for message in running]


async def test_what_cannot_run_is_refused_by_name(backend: Backend) -> None:
    async with backend.link.follow("refused") as feed:
        with pytest.raises(UnknownNodeClass, match="NoSuchNode"):
            await backend.link.queue(feed, saving({"class_type": "NoSuchNode", "inputs": {}}))
        no_model = sampling(1)
        no_model["1"]["inputs"]["ckpt_name"] = "absent.safetensors"
        with pytest.raises(MissingModel, match=r"absent\.safetensors") as missing:
            await backend.link.queue(feed, no_model)
        assert missing.value.problems[0]["node_id"] == "1"
        assert missing.value.problems[0]["input"] == "ckpt_name"
        with pytest.raises(InvalidUpload, match=r"absent\.png"):
            await backend.link.queue(feed, saving({"class_type": "LoadImage", "inputs": {"image": "absent.png"}}))
        bad = sampling(1)
        bad["4"]["inputs"]["sampler_name"] = "absent"
        with pytest.raises(WorkflowRejected, match="sampler_name") as rejected:
            await backend.link.queue(feed, bad)
        assert type(rejected.value) is WorkflowRejected


async def test_a_workflow_of_which_a_part_cannot_run_is_refused_whole(backend: Backend) -> None:
    workflow = waiting(61, 30, 600) | {"8": {"class_type": "SaveImage", "inputs": {"images": ["7", 0], "filename_prefix": "x"}}}
    workflow["7"] = {"class_type": "LoadImage", "inputs": {"image": "absent.png"}}
    async with backend.link.follow(str(uuid.uuid4())) as feed:
        with pytest.raises(InvalidUpload):
            await backend.link.queue(feed, workflow)
        async with asyncio.timeout(10):
            while feed.prompt_id in await backend.link.api.queue():  # noqa: ASYNC110  what ComfyUI says is what counts
                await asyncio.sleep(0.02)


async def test_an_upload_keeps_its_bytes(backend: Backend, tmp_path: Path) -> None:
    picture = tmp_path / 'a "quoted" name.png'
    Image.new("RGB", (8, 8), (1, 2, 3)).save(picture)
    first = await backend.link.api.upload(picture.name, file_chunks(picture))
    second = await backend.link.api.upload(picture.name, file_chunks(picture), subfolder="mine")
    assert b"".join([chunk async for chunk in backend.link.api.view(first)]) == picture.read_bytes()
    assert second.subfolder == "mine"


async def test_an_attached_comfyui_works_with_logs_and_is_left_running(backend: Backend) -> None:
    url = backend.info().url
    assert url
    attached = Backend("attached", url)
    async with attached.use() as link:
        messages = await heard(link, waiting(71, 0.1))
        sampled = await heard(link, sampling(72))
    assert Succeeded in [type(message) for message in messages]
    assert [message.text for message in messages if isinstance(message, NodeText)] == ["waited 0.1 s"]
    assert any("8/8" in line for line in lines_of(sampled))
    assert attached.folders is None
    await attached.stop()
    assert backend.state is BackendState.READY
    assert Succeeded in [type(message) for message in await heard(backend.link, plain(73))]


async def test_two_processes_work_side_by_side_and_stop_when_idle(installation: Installation, tmp_path: Path) -> None:
    pool = Pool.managed(Launch(installation, tmp_path), 2, idle_timeout=0.5)
    told: list[str] = []

    async def job(backend: Backend, seed: int) -> list[JobMessage]:
        async with backend.use(told.append) as link:
            return await heard(link, waiting(seed, 0.5))

    try:
        async with asyncio.timeout(120):
            results = await asyncio.gather(*(job(backend, 81 + i) for i, backend in enumerate(pool.backends)))
            ports = {info.port for info in pool.infos()}
            while any(info.state is not BackendState.STOPPED for info in pool.infos()):  # noqa: ASYNC110  seen from outside, as by /api/workers
                await asyncio.sleep(0.02)
    finally:
        await pool.stop()
    assert len(ports) == 2
    assert [len(files_of(messages)) for messages in results] == [1, 1]
    assert (tmp_path / "0" / "output").is_dir()
    assert told[0].startswith("Starting ComfyUI")
    assert any(line.startswith("ComfyUI is ready after") for line in told)
    assert json.dumps([info.start_seconds for info in pool.infos()])
    assert all(info.starts == 1 and info.pid is None and not info.failures for info in pool.infos())
