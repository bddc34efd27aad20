"""Models that a worker is asked for: fetched in the background, told how far, noted when used."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.broken_files import BrokenFiles, broken_files
from tests.models.conftest import QUICK, safetensors
from tests.worker.kit import Shop, open_shop, until
from tests.worker.managed import managed_pool
from viewcomfy.comfy.process import Launch
from viewcomfy.core.errors import BadInput, ServerUnavailable, UnknownWorker
from viewcomfy.core.jobs import Job
from viewcomfy.core.models import Model
from viewcomfy.models.shelf import Shelf
from viewcomfy.worker.app import Worker
from viewcomfy.worker.model_fetcher import ModelFetcher

pytestmark = pytest.mark.anyio

DATA = safetensors(200_000)
State = Mapping[str, Any]


def make_shelf(launch: Launch) -> Shelf:
    return Shelf(launch.installation, pace=QUICK)


@pytest.fixture
def site() -> Iterator[BrokenFiles]:
    with broken_files() as served:
        yield served


class Bench:
    """A worker that fetches, and orders to it."""

    def __init__(self, shop: Shop, worker: Worker, fetcher: ModelFetcher) -> None:
        self.shop = shop
        self.worker = worker
        self.fetcher = fetcher

    async def ask(self, *models: Model, **more: Any) -> list[State]:
        order = {"do": "fetch", "models": [model.as_dict() for model in models], "keep": [], **more}
        return list((await self.shop.engine.ask(self.worker.name, order))["models"])

    async def once(self, state: str, model: Model) -> State:
        """Return how a model stands once it stands like this."""

        async def found() -> State | None:
            [told] = await self.ask(model)
            return told if told["state"] == state else None

        return await until(found)


@asynccontextmanager
async def at_work(folder: Path, *, managed: bool = True) -> AsyncIterator[Bench]:
    async with open_shop(folder, pool=managed_pool(folder) if managed else None) as shop:
        fetcher = ModelFetcher(shop.pool, make_shelf)
        worker = Worker(engine=shop.engine, pool=shop.pool, runner=shop.runner, models=fetcher)
        bench = Bench(shop, worker, fetcher)
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(worker.run())
            try:
                await until(lambda: serves(bench))
                yield bench
            finally:
                await worker.stop(0)
                await work


async def serves(bench: Bench) -> bool:
    try:
        return bool(await bench.shop.engine.ask(bench.worker.name, {"order": "logs", "backend": "comfyui-0"}))
    except (ServerUnavailable, UnknownWorker):
        return False


async def test_a_model_is_fetched_in_the_background_and_told_of(tmp_path: Path, site: BrokenFiles) -> None:
    gate = threading.Event()
    model = Model("loras", "m.safetensors", site.put("/m.safetensors", DATA, ranges=False, gate=gate, gate_at=50_000))
    second = Model("loras", "n.safetensors", site.put("/n.safetensors", DATA))
    async with at_work(tmp_path) as bench:
        assert [told["state"] for told in await bench.ask(model, second)] == ["waiting", "waiting"]

        async def half() -> bool:
            told = await bench.ask(model, second)
            return [one["state"] for one in told] == ["fetching", "waiting"] and told[0]["received"] >= 50_000

        await until(half)
        gate.set()
        told = await bench.once("there", model)
        assert (told["size"], told["error"]) == (len(DATA), None)
        await bench.once("there", second)
        [held, _] = make_shelf(Launch(managed_pool(tmp_path).backends[0].source.installation, tmp_path)).list()  # type: ignore[union-attr]
        assert (held.cached, held.path.read_bytes()) == (True, DATA)


async def test_what_fails_says_why_until_it_is_tried_again(tmp_path: Path, site: BrokenFiles) -> None:
    model = Model("loras", "m.safetensors", site.put("/m.safetensors", DATA[:-1]))
    async with at_work(tmp_path) as bench:
        told = await bench.once("failed", model)
        assert "cut off" in told["error"]
        asked = len(site.asked)
        assert (await bench.ask(model))[0]["state"] == "failed"
        assert len(site.asked) == asked
        site.put("/m.safetensors", DATA)
        assert (await bench.ask(model, retry=True))[0]["state"] == "waiting"
        await bench.once("there", model)


async def test_a_hash_is_compared_and_a_pickle_wants_to_be_allowed(tmp_path: Path, site: BrokenFiles) -> None:
    model = Model("loras", "m.safetensors", site.put("/m.safetensors", DATA))
    other = Model("loras", "m.safetensors", model.url, "0" * 64)
    pickled = Model("loras", "p.pt", site.put("/p.pt", b"\x80\x04" + bytes(3000)))
    async with at_work(tmp_path) as bench:
        await bench.ask(model)
        await bench.once("there", model)
        assert "Another file named" in (await bench.once("failed", other))["error"]
        assert "can run code" in (await bench.once("failed", pickled))["error"]
        await bench.ask(pickled, retry=True, allow_pickle=True)
        await bench.once("there", pickled)
        with pytest.raises(BadInput, match="no folder of models"):
            await bench.ask(Model("..", "x", model.url))


async def test_a_worker_that_is_stopped_gives_a_download_up_at_once(tmp_path: Path, site: BrokenFiles) -> None:
    gate = threading.Event()
    model = Model("loras", "m.safetensors", site.put("/m.safetensors", DATA, gate=gate, gate_at=10_000))
    async with at_work(tmp_path) as bench:
        await bench.ask(model)
        await asyncio.to_thread(site.held.wait, 20)
    gate.set()
    async with at_work(tmp_path) as bench:
        await bench.ask(model)
        await bench.once("there", model)


async def test_where_comfyui_is_somebody_elses_nothing_is_fetched_and_that_is_said(tmp_path: Path, site: BrokenFiles) -> None:
    model = Model("loras", "m.safetensors", site.put("/m.safetensors", DATA))
    async with at_work(tmp_path, managed=False) as bench:
        [told] = await bench.ask(model)
        assert told["state"] == "failed"
        assert "did not start" in told["error"]
        assert site.asked == []


async def test_which_models_jobs_use_is_written_down(tmp_path: Path, site: BrokenFiles) -> None:
    model = Model("loras", "m.safetensors", site.put("/m.safetensors", DATA))
    loader = {"1": {"class_type": "LoraLoader", "inputs": {"lora_name": "m.safetensors"}}}
    async with at_work(tmp_path) as bench:
        await bench.ask(model)
        await bench.once("there", model)
        bench.fetcher.note(Job("p", "d", 1, "k", loader, 0.0, affinity="0123456789ab+0123456789ab"))
        launch = bench.shop.pool.backends[0].source
        assert not isinstance(launch, str)
    [held] = make_shelf(launch).list()
    assert held.used_at >= held.added_at
