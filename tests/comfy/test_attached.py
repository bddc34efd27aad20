"""Backends at a URL, on the fake: reconnecting, hangs, refusals, files."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from viewcomfy.comfy.api import file_chunks
from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.feed import Feed
from viewcomfy.comfy.link import FORGOTTEN, HealthLimits, Link
from viewcomfy.comfy.messages import BackendLost, Finished, Interrupted, NodeOutput, Started, Succeeded
from viewcomfy.comfy.node_output import SavedFile, output_entries
from viewcomfy.core.errors import BackendUnresponsive, NoBackend, TooLarge, UnknownFile, UnknownNodeClass
from viewcomfy.testing.fake_comfy import ServedFake, run_fake_comfy

pytestmark = pytest.mark.anyio
IMPATIENT = HealthLimits(silence=0.2, stall=0.6, probe_timeout=0.2, socket_lost=0.5)
Workflow = dict[str, Any]


def plain(color: int = 1) -> Workflow:
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": color}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "test"}},
    }


@pytest.fixture
async def fake() -> AsyncIterator[ServedFake]:
    async with run_fake_comfy() as fake, asyncio.timeout(30):
        yield fake


@pytest.fixture
async def backend(fake: ServedFake) -> AsyncIterator[Backend]:
    backend = Backend("fake", fake.url, limits=IMPATIENT)
    await backend.ensure_ready()
    yield backend
    await backend.stop()


@asynccontextmanager
async def queued(link: Link, workflow: Workflow) -> AsyncIterator[Feed]:
    async with link.follow(str(uuid.uuid4())) as feed:
        await link.queue(feed, workflow)
        yield feed


async def test_a_job_is_followed_to_its_end(backend: Backend) -> None:
    async with queued(backend.link, plain()) as feed:
        messages = [message async for message in feed]
    [saved] = [entry for message in messages if isinstance(message, NodeOutput) for entry in output_entries(message.ui)]
    assert b"".join([chunk async for chunk in backend.link.api.view(saved)]).startswith(b"\x89PNG")
    assert isinstance(messages[-1], Finished)


async def test_a_socket_that_breaks_loses_no_job(fake: ServedFake, backend: Backend) -> None:
    fake.pause()
    async with queued(backend.link, plain()) as running, queued(backend.link, plain(2)) as waiting:
        fake.drop_sockets()
        fake.resume()
        await fake.until_idle()
        for feed in (running, waiting):
            assert [type(message) async for message in feed][-3:] == [NodeOutput, Succeeded, Finished]
    assert backend.state is BackendState.READY


async def test_a_comfyui_that_forgot_the_job_is_told(fake: ServedFake, backend: Backend) -> None:
    fake.pause()
    async with queued(backend.link, plain()) as feed:
        fake.drop_sockets()
        fake.lose_memory()
        assert [message async for message in feed][-1] == BackendLost(feed.prompt_id, FORGOTTEN)


async def test_a_comfyui_that_answers_nothing_counts_as_hung(fake: ServedFake, backend: Backend) -> None:
    fake.pause()
    async with queued(backend.link, plain()) as feed:
        fake.freeze()
        lost = [message async for message in feed][-1]
        assert isinstance(lost, BackendLost)
        assert lost.unresponsive
        assert backend.state is BackendState.FAILED
        fake.thaw()
    await backend.ensure_ready()
    assert backend.info().failures == 1


async def test_a_silent_comfyui_that_answers_is_left_in_peace(fake: ServedFake, backend: Backend) -> None:
    fake.pause()
    async with queued(backend.link, plain()) as feed:
        while fake.requests["GET /system_stats"] < 4:  # noqa: ASYNC110  what the fake was asked is what counts
            await asyncio.sleep(0.01)
        assert feed.outcome is None
        fake.resume()
        assert Succeeded in [type(message) async for message in feed]


async def test_an_idle_comfyui_is_not_asked_how_it_is(fake: ServedFake, backend: Backend) -> None:
    asked = fake.requests["GET /system_stats"]
    await asyncio.sleep(IMPATIENT.silence * 3)
    assert fake.requests["GET /system_stats"] == asked
    assert backend.state is BackendState.READY


async def test_a_crash_ends_the_job_and_a_return_is_found(fake: ServedFake, backend: Backend) -> None:
    fake.pause()
    async with queued(backend.link, plain()) as feed:
        await fake.crash()
        assert isinstance([message async for message in feed][-1], BackendLost)
    assert backend.state is BackendState.FAILED
    with pytest.raises(NoBackend, match="No ComfyUI answers"):
        await backend.ensure_ready()
    await fake.restart()
    await backend.ensure_ready()
    async with queued(backend.link, plain()) as feed:
        assert Succeeded in [type(message) async for message in feed]


async def test_a_waiting_job_is_canceled_without_having_started(fake: ServedFake, backend: Backend) -> None:
    fake.pause()
    async with queued(backend.link, plain()) as first, queued(backend.link, plain(2)) as second:
        assert await backend.link.cancel(second, grace=5)
        assert second.outcome == Interrupted(second.prompt_id)
        fake.resume()
        assert Started in [type(message) async for message in first]
        assert not any(isinstance(message, Started) for message in second.pending())


async def test_a_refused_workflow_leaves_no_trace(fake: ServedFake, backend: Backend) -> None:
    with pytest.raises(UnknownNodeClass):
        async with queued(backend.link, {"1": {"class_type": "NoSuch", "inputs": {}}}):
            pass
    assert backend.link.prompt_ids == ()
    assert not fake.submitted


async def test_one_that_runs_is_asked_for_its_node_classes_with_and_without_a_link(fake: ServedFake, backend: Backend) -> None:
    linked = await backend.object_info()
    await backend.stop()
    assert await backend.object_info() == linked
    assert backend.state is BackendState.STOPPED
    assert json.loads(linked).keys() == fake.catalog.classes.keys()


async def test_a_file_that_is_gone_or_too_large_is_told(fake: ServedFake, backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(UnknownFile):
        [chunk async for chunk in backend.link.api.view(SavedFile("absent.png"))]
    big = tmp_path / "big.png"
    big.touch()
    os.truncate(big, fake.max_upload_bytes + 1)
    with pytest.raises(TooLarge):
        await backend.link.api.upload("big.png", file_chunks(big))


async def test_an_answer_that_makes_no_sense_is_an_error_of_the_backend(fake: ServedFake, backend: Backend) -> None:
    fake.fail("GET /queue", 500)
    with pytest.raises(BackendUnresponsive, match="500"):
        await backend.link.api.queue()
