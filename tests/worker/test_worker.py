"""The worker: every job ends once, whatever becomes of ComfyUI on the way."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image

from tests.worker.kit import Shop, failing, open_shop, picture, revived, sleeping, until, working
from viewcomfy.core.events import EventKind
from viewcomfy.core.jobs import Job, JobStatus

pytestmark = pytest.mark.anyio


def color_of(data: bytes) -> object:
    with Image.open(io.BytesIO(data)) as image:
        return image.getpixel((0, 0))


def code_of(job: Job) -> str:
    return job.error.code if job.error else ""


async def test_a_job_ends_with_its_outputs_and_its_story(shop: Shop) -> None:
    async with working(shop):
        job = await shop.succeeded(await shop.submit(picture(0x112233)))
    [(name, data)] = (await shop.contents(job)).items()
    assert name == "p_00001_.png"
    assert color_of(data) == (0x11, 0x22, 0x33)
    events = await shop.events(job.prompt_id)
    assert [event.data["status"] for event in events if event.kind is EventKind.STATUS] == ["queued", "running", "succeeded"]
    [output] = [event for event in events if event.kind is EventKind.OUTPUT]
    assert output.data == {"node_id": "9", "filename": name, "content_type": "image/png", "size": len(data)}


async def test_many_jobs_on_two_backends_are_not_mixed_up(tmp_path: Path) -> None:
    async with open_shop(tmp_path, backends=2) as shop, working(shop):
        jobs = {await shop.submit(picture(color)): color for color in range(60)}
        for prompt_id, color in jobs.items():
            [data] = (await shop.contents(await shop.succeeded(prompt_id))).values()
            assert color_of(data) == (0, 0, color)
        assert all(fake.executed for fake in shop.fakes)
        assert sorted(job.prompt_id for fake in shop.fakes for job in fake.submitted) == sorted(jobs), "each was sent once"


@pytest.mark.parametrize("backends", [1, 2])
async def test_a_key_with_many_jobs_leaves_room_for_another(tmp_path: Path, backends: int) -> None:
    async with open_shop(tmp_path, backends=backends) as shop:
        greedy = [await shop.submit(sleeping(0.05, seed), key="greedy") for seed in range(8)]
        modest = [await shop.submit(sleeping(0.05, seed), key="modest") for seed in range(100, 102)]
        async with working(shop):
            ended = {prompt_id: (await shop.succeeded(prompt_id)).finished_at or 0.0 for prompt_id in (*greedy, *modest)}
    order = sorted(ended, key=lambda prompt_id: ended[prompt_id])
    assert max(order.index(prompt_id) for prompt_id in modest) < 6


async def test_an_error_of_the_workflow_is_final(shop: Shop) -> None:
    async with working(shop):
        refused = await shop.ended(await shop.submit({"1": {"class_type": "Absent", "inputs": {}}}))
        failed = await shop.ended(await shop.submit(failing("raise")))
        await shop.succeeded(await shop.submit(picture(1)))
    assert (refused.status, refused.attempt, code_of(refused)) == (JobStatus.FAILED, 1, "unknown_node_class")
    assert (failed.status, failed.attempt, code_of(failed)) == (JobStatus.FAILED, 1, "workflow_failed")
    assert failed.error
    assert failed.error.message == "TKFail: asked to fail"
    assert failed.error.details["node_id"] == "1"


async def test_a_job_that_crashes_comfyui_has_a_bounded_number_of_attempts(tmp_path: Path) -> None:
    async with open_shop(tmp_path, attempts=2) as shop, working(shop), revived(shop.fakes[0]):
        job = await shop.ended(await shop.submit(failing("exit")))
        await shop.succeeded(await shop.submit(picture(2)))
        assert sum("did not succeed" in line for line in await shop.lines(job.prompt_id)) == 2
    assert (job.status, job.attempt, code_of(job)) == (JobStatus.FAILED, 2, "backend_crashed")


async def test_a_job_that_loses_its_comfyui_runs_again(shop: Shop) -> None:
    async with working(shop), revived(shop.fakes[0]):
        prompt_id = await shop.submit(sleeping(0.5))
        await until(lambda: _bool(shop.fakes[0].jobs.running))
        await shop.fakes[0].crash()
        job = await shop.succeeded(prompt_id)
    assert job.attempt == 2
    assert [queued.prompt_id for queued in shop.fakes[0].submitted] == [prompt_id, f"{prompt_id}.2"]
    assert len(job.outputs) == 1
    assert f"/out-{job.attempt}-" in job.outputs[0].file_key


async def test_running_out_of_memory_is_tried_again(tmp_path: Path) -> None:
    async with open_shop(tmp_path, attempts=2) as shop, working(shop):
        job = await shop.ended(await shop.submit(failing("oom")))
    assert (job.status, job.attempt, code_of(job)) == (JobStatus.FAILED, 2, "out_of_memory")


async def test_a_comfyui_that_answers_nothing_is_given_up(tmp_path: Path) -> None:
    async with open_shop(tmp_path, attempts=1) as shop, working(shop):
        prompt_id = await shop.submit(sleeping(30))
        await until(lambda: _bool(shop.fakes[0].jobs.running))
        shop.fakes[0].freeze()
        job = await shop.ended(prompt_id)
    assert (job.status, code_of(job)) == (JobStatus.FAILED, "backend_unresponsive")


async def test_where_no_comfyui_answers_the_job_says_so(tmp_path: Path) -> None:
    async with open_shop(tmp_path, attempts=1) as shop:
        await shop.fakes[0].crash()
        async with working(shop):
            job = await shop.ended(await shop.submit(picture()))
            await shop.fakes[0].restart()
            await shop.succeeded(await shop.submit(picture(1)))
        assert (await shop.lines(job.prompt_id))[0] == f"Connecting to ComfyUI at {shop.fakes[0].url} …"
    assert (job.status, code_of(job)) == (JobStatus.FAILED, "no_backend")
    assert job.error
    assert shop.fakes[0].url in job.error.message


async def test_a_canceled_job_is_interrupted(shop: Shop) -> None:
    async with working(shop):
        prompt_id = await shop.submit(sleeping(60, steps=6000))
        await until(lambda: _bool(shop.fakes[0].jobs.running))
        await shop.engine.cancel(prompt_id)
        await shop.succeeded(await shop.submit(picture(3)))
        assert (await shop.job(prompt_id)).status is JobStatus.CANCELED
        assert shop.fakes[0].requests["POST /interrupt"] >= 1


async def test_a_job_over_its_time_is_interrupted(shop: Shop) -> None:
    async with working(shop):
        job = await shop.ended(await shop.submit(sleeping(60, steps=6000), time_limit=0.2))
        await shop.succeeded(await shop.submit(picture(4)))
    assert (job.status, code_of(job)) == (JobStatus.FAILED, "timed_out")


async def test_somebody_elses_interrupt_is_named(shop: Shop) -> None:
    async with working(shop):
        prompt_id = await shop.submit(sleeping(60, steps=6000))
        await until(lambda: _bool(shop.fakes[0].jobs.running))
        await shop.pool.backends[0].link.api.interrupt(prompt_id)
        job = await shop.ended(prompt_id)
    assert (job.status, code_of(job)) == (JobStatus.FAILED, "workflow_failed")
    assert job.error
    assert "interrupted" in job.error.message


async def test_an_upload_reaches_its_node(shop: Shop) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (9, 8, 7)).save(buffer, "PNG")
    upload = await shop.upload("1", "some id-0-cat.png", buffer.getvalue())
    workflow = picture() | {"1": {"class_type": "LoadImage", "inputs": {"image": upload.filename}}}
    async with working(shop):
        [data] = (await shop.contents(await shop.succeeded(await shop.submit(workflow, uploads=(upload,))))).values()
    assert color_of(data) == (9, 8, 7)


async def test_a_worker_that_stops_gives_its_jobs_back(shop: Shop) -> None:
    prompt_id = await shop.submit(sleeping(60, steps=6000))
    async with working(shop) as worker:
        await until(lambda: _bool(shop.fakes[0].jobs.running))
        await worker.stop(0.05)
        job = await shop.once(prompt_id, JobStatus.QUEUED)
    assert job.worker is None
    await shop.fakes[0].until_idle()
    async with working(shop):
        await shop.once(prompt_id, JobStatus.RUNNING)
        await shop.engine.cancel(prompt_id)


async def test_a_job_that_is_claimed_while_the_worker_stops_is_given_back_too(shop: Shop) -> None:
    lease, job = await shop.claimed(sleeping(60, steps=6000))
    await shop.runner.release_all()
    assert await shop.runner.run(lease, job, shop.pool.backends[0]) is None
    assert (await shop.job(job.prompt_id)).status is JobStatus.QUEUED
    assert shop.fakes[0].submitted == []


async def test_a_worker_that_stops_lets_a_short_job_end(shop: Shop) -> None:
    async with working(shop) as worker:
        first = await shop.submit(sleeping(0.3))
        await until(lambda: _bool(shop.fakes[0].jobs.running))
        second = await shop.submit(sleeping(0.3, seed=2))
        await worker.stop(10)
        assert (await shop.job(first)).status is JobStatus.SUCCEEDED
        assert (await shop.job(second)).status is JobStatus.QUEUED


async def test_workers_are_told_of(shop: Shop) -> None:
    async with working(shop):
        [info] = await until(shop.engine.workers)
        assert [backend["name"] for backend in info.backends] == ["comfyui-0"]
        assert info.backends[0]["url"] == shop.fakes[0].url


async def _bool(value: object) -> bool:
    await asyncio.sleep(0)
    return bool(value)


# --- environments -----------------------------------------------------------------------------------------------------
async def test_a_job_whose_environment_no_backend_has_fails_and_says_what_brings_it(tmp_path: Path) -> None:
    async with open_shop(tmp_path, fits=lambda _claimer, _affinity: True) as shop, working(shop):
        job = await shop.ended(await shop.submit(picture(), affinity="m+n~env-0123456789ab"))
        assert (job.status, job.error and job.error.code) == (JobStatus.FAILED, "unknown_environment")
        assert job.error is not None
        assert "viewcomfy env apply" in job.error.message
        assert shop.pool.backends[0].starts == 0, "there is no need to reach ComfyUI for that"
