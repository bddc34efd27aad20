"""Warm-ups on a worker's backends: run once a start, no rows, no outputs, and jobs go first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.worker.kit import Shop, Workflow, failing, open_shop, picture, sleeping, until, working
from tests.worker.managed import managed_pool
from viewcomfy.core.errors import BadInput, ServerUnavailable, UnknownWorker, ViewComfyError
from viewcomfy.worker.app import Worker

pytestmark = pytest.mark.anyio

Json = Mapping[str, Any]
MODEL = "tiny_sd3.safetensors"


def loading() -> Workflow:
    """Return a workflow that names a model."""
    return picture() | {"2": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": MODEL}}}


class Bench:
    """A worker at work on one backend, and warm-ups for it."""

    def __init__(self, shop: Shop, worker: Worker) -> None:
        self.shop = shop
        self.worker = worker

    async def order(self, order: str) -> Json:
        """Give the backend an order."""
        return await self.shop.engine.ask(self.worker.name, {"order": order, "backend": "comfyui-0"})

    async def warm(self, *calls: Json) -> Json:
        """Order warm-ups, and return how the backend stands."""
        return await self.shop.engine.ask(self.worker.name, {"do": "warm", "backend": "comfyui-0", "calls": list(calls)})

    async def shown(self) -> Json:
        """Return the backend as everybody sees it."""
        [info] = await self.shop.engine.workers()
        return info.backends[0]

    async def ready(self) -> None:
        """Start the backend."""
        await self.order("start")
        await until(self._is_ready)

    async def _is_ready(self) -> bool:
        return bool((await self.shown())["state"] == "ready")

    async def once(self, state: str, deployment: str = "d@1") -> Json:
        """Return the warm-up as soon as it stands like this."""

        async def found() -> Json | None:
            told = (await self.shown())["warm_up"]
            return told if told and (told["state"], told["deployment"]) == (state, deployment) else None

        return await until(found)

    def left(self) -> list[Path]:
        """Return the files in the backend's output folder."""
        [backend] = self.shop.pool.backends
        assert backend.folders is not None
        return [path for path in backend.folders.output.rglob("*") if path.is_file()]


def call(workflow: Workflow, name: str = "d@1", **more: Any) -> Json:
    return {"name": name, "workflow": workflow, **more}


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Bench]:
    async with open_shop(folder, pool=managed_pool(folder), attempts=1) as shop, working(shop) as worker:
        bench = Bench(shop, worker)

        async def serves() -> bool:
            try:
                return bool(await bench.order("logs"))
            except (ServerUnavailable, UnknownWorker):
                return False

        await until(serves)
        await bench.ready()
        yield bench


async def test_a_warm_up_runs_once_a_start_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        assert (await bench.shown())["warm_up"] is None
        assert (await bench.warm(call(sleeping(0.2))))["warm_up"]["calls"] == ["d@1"]
        told = await bench.once("done")
        assert (told["error"], told["seconds"] >= 0.2) == (None, True)
        await bench.warm(call(sleeping(0.2)))
        assert await bench.once("done") == told
        assert (bench.left(), list((tmp_path / "files").rglob("*.png")), sum((await bench.shop.store.jobs.counts()).values())) == (
            [],
            [],
            0,
        )
        await bench.order("restart")
        await until(lambda: started(bench, 2))
        assert (await bench.shown())["warm_up"] is None
        await bench.warm(call(sleeping(0.2)))
        assert (await bench.once("done"))["start"] == 2


async def started(bench: Bench, starts: int) -> bool:
    shown = await bench.shown()
    return bool((shown["state"], shown["starts"]) == ("ready", starts))


async def test_what_a_warm_up_has_loaded_is_told_and_not_loaded_again(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await bench.warm(call(loading()), call(loading(), "e@1"))
        assert (await bench.once("done", "e@1"))["seconds"] == 0.0
        assert (await bench.shown())["warm"] == [MODEL], "so that jobs that need it come here"


async def test_a_job_that_comes_meanwhile_goes_first_and_the_warm_up_goes_on_after_it(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await bench.warm(call(sleeping(1.5, steps=30)))
        await bench.once("running")
        job = await bench.shop.succeeded(await bench.shop.submit(picture(5)))
        assert job.attempt == 1
        assert (await bench.shown())["warm_up"]["state"] in ("waiting", "running")
        await bench.once("done")
        assert bench.left() == []


async def test_a_warm_up_waits_for_the_jobs_that_run(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        prompt_id = await bench.shop.submit(sleeping(0.6, steps=12))
        await until(lambda: runs(bench, prompt_id))
        await bench.warm(call(picture(3)))
        assert (await bench.shown())["warm_up"]["state"] == "waiting"
        await bench.shop.succeeded(prompt_id)
        await bench.once("done")


async def runs(bench: Bench, prompt_id: str) -> bool:
    return prompt_id in (await bench.shown())["prompt_ids"]


async def test_a_warm_up_that_fails_says_why_and_harms_nothing(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await bench.warm(call(failing("raise")), call(picture(4), "e@1"))
        assert (await bench.once("done", "e@1"))["calls"] == ["d@1", "e@1"]
        await bench.warm(call(failing("raise"), "f@1"))
        assert "TKFail" in (await bench.once("failed", "f@1"))["error"]
        await bench.shop.succeeded(await bench.shop.submit(picture(6)))


async def test_a_warm_up_that_brings_comfyui_down_is_not_tried_again(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await bench.warm(call(failing("exit")))
        assert (await bench.once("failed"))["error"]
        await bench.shop.succeeded(await bench.shop.submit(picture(7)))
        await bench.warm(call(failing("exit")))
        assert "not tried again" in (await bench.once("failed"))["error"]
        assert (await bench.shown())["starts"] == 2


async def test_a_warm_up_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await bench.warm(call(sleeping(60.0, steps=600), time_limit=0.3))
        assert "longer than 0.3 s" in (await bench.once("failed"))["error"]
        await bench.shop.succeeded(await bench.shop.submit(picture(8)))
        assert (await bench.shown())["starts"] == 1


async def test_a_stop_ends_a_warm_up_and_is_no_failure(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await bench.warm(call(sleeping(60.0, steps=600)))
        await bench.once("running")
        await bench.order("restart")
        await until(lambda: started(bench, 2))
        await bench.warm(call(picture(9)))
        assert (await bench.once("done"))["error"] is None


async def test_the_end_of_the_worker_does_not_wait_for_a_warm_up(tmp_path: Path) -> None:
    async with asyncio.timeout(15), at_work(tmp_path) as bench:
        await bench.warm(call(sleeping(60.0, steps=600)))
        await bench.once("running")


@pytest.mark.parametrize("calls", [None, [7], [{"name": "d@1"}], [{"name": 1, "workflow": {}}]])
async def test_an_order_that_makes_no_sense_is_refused(tmp_path: Path, calls: Any) -> None:
    async with open_shop(tmp_path, pool=managed_pool(tmp_path)) as shop, working(shop) as worker:
        await until(lambda: joined(worker))
        with pytest.raises(ViewComfyError) as refused:
            await shop.engine.ask(worker.name, {"do": "warm", "backend": "comfyui-0", "calls": calls})
        assert isinstance(refused.value, BadInput)


async def joined(worker: Worker) -> bool:
    await worker.joined()
    return True
