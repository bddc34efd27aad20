"""Orders to a worker's backends: start, stop, drain, restart, and what becomes of the jobs."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.worker.kit import Shop, open_shop, picture, sleeping, until, working
from tests.worker.managed import break_start, managed_pool, mend_start
from viewcomfy.core.errors import Conflict, NotManaged, ServerUnavailable, UnknownBackend, UnknownWorker
from viewcomfy.core.jobs import JobStatus
from viewcomfy.worker.app import Worker

pytestmark = pytest.mark.anyio

Json = Mapping[str, Any]


class Bench:
    """A worker at work, and orders to it."""

    def __init__(self, shop: Shop, worker: Worker) -> None:
        self.shop = shop
        self.worker = worker

    async def order(self, order: str, backend: str = "comfyui-0", **more: Any) -> Json:
        """Give an order and return the answer."""
        return await self.shop.engine.ask(self.worker.name, {"order": order, "backend": backend, **more})

    async def shown(self, backend: str = "comfyui-0") -> Json:
        """Return a backend as everybody sees it."""
        [info] = await self.shop.engine.workers()
        return next(one for one in info.backends if one["name"] == backend)

    async def once(self, state: str, *, draining: bool = False, backend: str = "comfyui-0") -> Json:
        """Return a backend as soon as it stands like this."""

        async def found() -> Json | None:
            shown = await self.shown(backend)
            return shown if (shown["state"], shown["draining"]) == (state, draining) else None

        return await until(found)

    async def run(self, color: int) -> None:
        """Have a job succeed."""
        await self.shop.succeeded(await self.shop.submit(picture(color)))


@asynccontextmanager
async def at_work(folder: Path, *, backends: int = 1, extra_args: tuple[str, ...] = (), attempts: int = 1) -> AsyncIterator[Bench]:
    """Have a worker at work on backends of our own; one attempt that counts fails a job."""
    pool = managed_pool(folder, backends=backends, extra_args=extra_args)
    async with open_shop(folder, pool=pool, attempts=attempts) as shop, working(shop) as worker:
        bench = Bench(shop, worker)
        await until(lambda: _serves(bench))
        yield bench


async def _serves(bench: Bench) -> bool:
    try:
        return bool(await bench.order("logs"))
    except (ServerUnavailable, UnknownWorker):
        return False


def is_there(pid: int) -> bool:
    return bool(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


async def on_backend(bench: Bench, prompt_id: str, backend: str = "comfyui-0") -> bool:
    """Tell whether a backend runs a job now."""
    own = next(one for one in bench.shop.pool.backends if one.name == backend)
    return any(prompt_id in (shown, shown.partition(".")[0]) for shown in own.info().prompt_ids)


# --- start ------------------------------------------------------------------------------------------------------------
async def test_a_started_backend_is_up_before_any_job(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        assert (await bench.order("start"))["state"] == "starting"
        shown = await bench.once("ready")
        assert time.time() - shown["since"] < 1.0, "seen before the worker's next sign of life"
        assert (shown["managed"], shown["starts"], shown["device"], shown["comfyui_version"]) == (True, 1, "cpu", "0.3.75")
        assert shown["ram_total"] > shown["ram_free"] > 0
        assert shown["vram_total"] is None
        await bench.run(1)
        assert (await bench.order("start"))["starts"] == 1


async def test_a_start_that_fails_is_shown_and_the_next_one_need_not_wait(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        break_start(tmp_path)
        for failures in range(1, 5):  # the fifth start would wait for eight seconds
            await bench.order("start")
            shown = await until(lambda failures=failures: _failed(bench, failures))  # type: ignore[misc]  # bound at once
            assert "no such CUDA device" in shown["last_failure"]
        mend_start(tmp_path)
        await bench.order("start")
        await bench.once("ready")
        lines = (await bench.order("logs"))["lines"]
        assert "no such CUDA device" in [line["text"] for line in lines]


async def _failed(bench: Bench, failures: int) -> Json | None:
    shown = await bench.shown()
    return shown if (shown["state"], shown["failures"]) == ("failed", failures) else None


# --- drain ------------------------------------------------------------------------------------------------------------
async def test_a_drained_backend_ends_its_job_and_takes_no_other_until_it_is_started(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        running = await bench.shop.submit(sleeping(1.0))
        await until(lambda: on_backend(bench, running))
        pid = (await bench.once("ready"))["pid"]
        told = await bench.order("drain")
        assert (told["state"], told["draining"], told["prompt_ids"]) == ("ready", True, [running])
        assert (await bench.shown())["draining"] is True
        waiting = await bench.shop.submit(picture(2))
        assert (await bench.shop.succeeded(running)).attempt == 1
        await bench.once("stopped", draining=True)
        assert not is_there(pid)
        await asyncio.sleep(0.7)  # more than a job waits before a backend is started for it
        assert (await bench.shop.job(waiting)).status is JobStatus.QUEUED
        assert (await bench.order("start"))["draining"] is False
        await bench.shop.succeeded(waiting)


async def test_a_drain_leaves_the_jobs_to_the_others_at_once(tmp_path: Path) -> None:
    async with at_work(tmp_path, backends=2) as bench:
        await bench.order("drain")
        jobs = [await bench.shop.submit(picture(color)) for color in range(4)]
        for prompt_id in jobs:
            await bench.shop.succeeded(prompt_id)
        assert (await bench.once("ready", backend="comfyui-1"))["starts"] == 1
        assert (await bench.shown("comfyui-0"))["starts"] == 0


async def test_a_start_takes_a_drain_back(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        running = await bench.shop.submit(sleeping(0.8))
        await until(lambda: on_backend(bench, running))
        await bench.order("drain")
        await bench.order("start")
        await bench.shop.succeeded(running)
        await bench.run(3)
        assert (await bench.shown())["starts"] == 1


# --- stop -------------------------------------------------------------------------------------------------------------
async def test_a_job_of_a_stopped_backend_runs_again_and_succeeds_once(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        running = await bench.shop.submit(sleeping(1.0))
        await until(lambda: on_backend(bench, running))
        pid = (await bench.once("ready"))["pid"]
        await bench.order("stop")
        job = await bench.shop.succeeded(running)
        assert (job.attempt, len(job.outputs)) == (2, 1)
        assert not is_there(pid)
        statuses = [event.data["status"] for event in await bench.shop.events(running) if event.kind == "status"]
        assert statuses == ["queued", "running", "queued", "running", "succeeded"]
        assert any("stopped by hand" in line for line in await bench.shop.lines(running))
        shown = await bench.once("ready")
        assert (shown["starts"], shown["failures"]) == (2, 0)


async def test_a_job_of_a_stopped_backend_goes_to_another_one(tmp_path: Path) -> None:
    async with at_work(tmp_path, backends=2) as bench:
        for name in ("comfyui-0", "comfyui-1"):
            await bench.order("start", name)
            await bench.once("ready", backend=name)
        running = await bench.shop.submit(sleeping(1.0))
        await until(lambda: on_either(bench, running))
        name = "comfyui-0" if await on_backend(bench, running) else "comfyui-1"
        await bench.order("drain", name)
        told = await bench.order("stop", name)
        assert told["draining"] is True
        await bench.shop.succeeded(running)
        await bench.once("stopped", draining=True, backend=name)


async def on_either(bench: Bench, prompt_id: str) -> bool:
    return await on_backend(bench, prompt_id, "comfyui-0") or await on_backend(bench, prompt_id, "comfyui-1")


async def test_a_stop_in_mid_start_ends_the_start_and_not_the_job(tmp_path: Path) -> None:
    async with at_work(tmp_path, extra_args=("--fake-start-seconds", "1.5")) as bench:
        prompt_id = await bench.shop.submit(picture(1))
        await bench.once("starting")
        await bench.order("stop")
        assert (await bench.shop.succeeded(prompt_id)).attempt == 2
        assert (await bench.shown())["failures"] == 0


async def test_many_jobs_survive_many_stops(tmp_path: Path) -> None:
    async with at_work(tmp_path, backends=2) as bench:
        jobs = [await bench.shop.submit(sleeping(0.15, seed)) for seed in range(24)]
        for number in range(6):
            await bench.once("ready", backend=f"comfyui-{number % 2}")
            await bench.order("stop", f"comfyui-{number % 2}")
        for prompt_id in jobs:
            job = await bench.shop.succeeded(prompt_id)
            assert len(job.outputs) == 1


# --- restart ----------------------------------------------------------------------------------------------------------
async def test_a_busy_backend_is_restarted_after_its_job(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        running = await bench.shop.submit(sleeping(1.0))
        await until(lambda: on_backend(bench, running))
        pid = (await bench.once("ready"))["pid"]
        told = await bench.order("restart")
        assert (told["state"], told["draining"], told["pid"]) == ("ready", True, pid)
        waiting = await bench.shop.submit(picture(2))
        assert (await bench.shop.succeeded(running)).attempt == 1
        assert (await bench.shop.succeeded(waiting)).attempt == 1
        shown = await bench.once("ready")
        assert shown["pid"] != pid
        assert shown["starts"] == 2
        assert not is_there(pid)


async def test_a_stop_ends_a_restart_that_waits(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        running = await bench.shop.submit(sleeping(60, steps=6000))
        await until(lambda: on_backend(bench, running))
        await bench.order("restart")
        told = await bench.order("stop")
        assert told["draining"] is False
        await bench.shop.once(running, JobStatus.RUNNING)
        await until(lambda: on_backend(bench, f"{running}.2"))
        await bench.shop.engine.cancel(running)


def processes(folder: Path) -> list[int]:
    """Return the ids of the ComfyUIs that were started from a folder and run."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):  # other tests have processes too, which may just have ended
            if str(folder / "main.py") in process.cmdline():
                found.append(process.pid)
    return found


# --- any of them ------------------------------------------------------------------------------------------------------
async def test_orders_at_the_same_time_do_no_harm(tmp_path: Path) -> None:
    dice = random.Random(4)
    async with at_work(tmp_path) as bench:
        jobs = [await bench.shop.submit(sleeping(0.2, seed)) for seed in range(6)]
        for _ in range(8):
            orders = dice.choices(["start", "stop", "drain", "restart"], k=dice.randint(1, 4))
            await asyncio.gather(*map(bench.order, orders))
            await asyncio.sleep(dice.random() * 0.3)  # any moment will do
        await bench.order("start")
        for prompt_id in jobs:
            assert len((await bench.shop.succeeded(prompt_id)).outputs) == 1
        shown = await bench.once("ready")
        assert processes(tmp_path) == [shown["pid"]]


async def test_a_drained_backend_keeps_its_worker_from_nothing(tmp_path: Path) -> None:
    """The worker ends although a backend is drained, and although a restart waits."""
    async with at_work(tmp_path) as bench:
        running = await bench.shop.submit(sleeping(60, steps=6000))
        await until(lambda: on_backend(bench, running))
        await bench.order("restart")
    assert processes(tmp_path) == []


async def test_what_a_backend_prints_is_kept_with_numbers(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await bench.run(1)
        first = await bench.order("logs", after=0)
        assert [line["number"] for line in first["lines"]] == list(range(1, len(first["lines"]) + 1))
        texts = [line["text"] for line in first["lines"]]
        assert texts[0] == "Starting ComfyUI 0.3.75 …"
        assert "got prompt" in texts
        assert first["next"] == len(texts)
        await bench.run(2)
        later = await bench.order("logs", after=first["next"])
        assert later["lines"][0]["number"] == first["next"] + 1
        assert "got prompt" in [line["text"] for line in later["lines"]]
        await bench.order("stop")
        await bench.once("stopped")
        assert (await bench.order("logs"))["lines"][-1]["text"] == "ComfyUI was stopped."


async def test_an_attached_backend_is_drained_and_started_and_never_stopped(shop: Shop) -> None:
    async with working(shop) as worker:
        bench = Bench(shop, worker)
        await until(lambda: _serves(bench))
        await bench.run(1)
        for order in ("stop", "restart"):
            with pytest.raises(NotManaged, match=f"can't {order} it"):
                await bench.order(order)
        told = await bench.order("drain")
        assert (told["state"], told["draining"], told["managed"]) == ("ready", True, False)
        prompt_id = await shop.submit(picture(2))
        await asyncio.sleep(0.2)
        assert (await shop.job(prompt_id)).status is JobStatus.QUEUED
        await bench.order("start")
        await shop.succeeded(prompt_id)
        assert "got prompt" in [line["text"] for line in (await bench.order("logs"))["lines"]]


async def test_what_a_worker_does_not_have_or_know_is_refused(shop: Shop) -> None:
    async with working(shop) as worker:
        bench = Bench(shop, worker)
        await until(lambda: _serves(bench))
        with pytest.raises(UnknownBackend, match="comfyui-9"):
            await bench.order("start", "comfyui-9")
        with pytest.raises(Conflict, match="explode"):
            await bench.order("explode")
