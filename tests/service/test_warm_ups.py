"""Warm-ups are ordered once a start and version, for the backends that may get the deployment's jobs, by one server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.service.kit import WORKFLOW, Desk
from tests.service.test_catalogs import keep
from viewcomfy.core.deployments import Deployment
from viewcomfy.core.errors import Conflict, ServerUnavailable, ViewComfyError
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.checker import Checker
from viewcomfy.service.warm_ups import READ_SECONDS, WarmUps
from viewcomfy.store.store import Store
from viewcomfy.store.turns import Turns

pytestmark = pytest.mark.anyio

TEXT: dict[str, Any] = {
    "2": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 20}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
}
LOADER: dict[str, Any] = {"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.ckpt"}}}


@dataclass
class Plant:
    """A worker whose backends stand as a test says, and the orders that it got."""

    desk: Desk
    backends: list[dict[str, Any]] = field(default_factory=lambda: [{"name": "comfyui-0", "state": "ready", "starts": 1, "warm_up": None}])
    orders: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    fault: ViewComfyError | None = None
    now: float = 1000.0

    def clock(self) -> float:
        return self.now

    async def present(self, pool: str = "default", **facts: Any) -> None:
        await self.desk.engine.present(WorkerInfo("plant", pool, tuple(self.backends), facts))

    async def change(self, **backend: Any) -> None:
        self.backends[0].update(backend)
        await self.present()

    async def answer(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take an order as a worker does."""
        if self.fault is not None:
            raise self.fault
        backend = next(one for one in self.backends if one["name"] == order["backend"])
        told = backend["warm_up"] if backend["warm_up"] and backend["warm_up"]["start"] == backend["starts"] else {"calls": []}
        names = [call["name"] for call in order["calls"]]
        backend["warm_up"] = {"start": backend["starts"], "calls": [*told["calls"], *names], "state": "waiting"}
        self.orders += [(backend["name"], call["name"], call) for call in order["calls"]]
        await self.present()
        return backend

    def names(self) -> list[tuple[str, str]]:
        """Return which backend got which warm-up since the last time."""
        taken, self.orders = self.orders, []
        return [(backend, name) for backend, name, _ in taken]

    def warm_ups(self, turns: Turns | None = None) -> WarmUps:
        """Return what a server has."""
        catalogs = CatalogService(engine=self.desk.engine, files=self.desk.files)
        return WarmUps(
            deployments=self.desk.deployments,
            catalogs=catalogs,
            checker=Checker(catalogs),
            engine=self.desk.engine,
            turns=turns or self.desk.store.turns,
            clock=self.clock,
        )


@pytest.fixture
async def plant(desk: Desk) -> AsyncIterator[Plant]:
    plant = Plant(desk)
    await plant.present()
    serving = asyncio.create_task(desk.engine.serve("plant", plant.answer))
    await asyncio.sleep(0)
    yield plant
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def deploy(desk: Desk, name: str = "d", workflow: dict[str, Any] | None = None, **more: Any) -> Deployment:
    return await desk.deployments.deploy(name, workflow or TEXT, warm_up=more.pop("warm_up", {}), **more)


async def test_a_backend_that_has_started_is_told_once_a_start(desk: Desk, plant: Plant) -> None:
    await deploy(desk)
    await desk.deployments.deploy("cold", TEXT)
    server = plant.warm_ups()
    for _ in range(2):
        await server.look()
    assert plant.names() == [("comfyui-0", "d@1")]
    await plant.change(starts=2)
    for _ in range(2):
        await server.look()
    assert plant.names() == [("comfyui-0", "d@1")]


async def test_another_server_that_looks_later_does_not_tell_it_again(desk: Desk, plant: Plant) -> None:
    await deploy(desk)
    await plant.warm_ups().look()
    await plant.warm_ups().look()
    assert plant.names() == [("comfyui-0", "d@1")]


async def test_a_new_version_warms_the_backends_that_run(desk: Desk, plant: Plant) -> None:
    await deploy(desk)
    server = plant.warm_ups()
    await server.look()
    await deploy(desk)
    plant.now += READ_SECONDS
    await server.look()
    assert plant.names() == [("comfyui-0", "d@1"), ("comfyui-0", "d@2")]


async def test_the_call_has_the_values_of_the_warm_up_and_the_deployments_time_limit(desk: Desk, plant: Plant) -> None:
    await deploy(desk, warm_up={"2-inputs-steps": 1}, time_limit=7.0)
    await plant.warm_ups().look()
    [(_, _, call)] = plant.orders
    assert (call["workflow"]["2"]["inputs"], call["time_limit"]) == ({"seed": 1, "steps": 1}, 7.0)


@pytest.mark.parametrize(
    "backend",
    [{"state": "starting"}, {"state": "stopped"}, {"draining": True}, {"aside": True, "environment": "env-0123456789ab"}],
)
async def test_a_backend_that_gets_no_jobs_of_it_is_left_alone(desk: Desk, plant: Plant, backend: dict[str, Any]) -> None:
    await deploy(desk)
    await plant.change(**backend)
    await plant.warm_ups().look()
    assert plant.names() == []


async def test_a_deployment_warms_the_backends_of_its_pool_environment_and_size(desk: Desk, plant: Plant) -> None:
    plant.backends = [
        {"name": "small", "state": "ready", "starts": 1, "warm_up": None, "vram_total": 8 * 2**30},
        {"name": "env", "state": "ready", "starts": 1, "warm_up": None, "aside": True, "environment": "env-0123456789ab"},
    ]
    await plant.present()
    await deploy(desk, "big", memory=24.0)
    await deploy(desk, "elsewhere", pool="other")
    await deploy(desk, "own", environment="env-0123456789ab")
    await plant.warm_ups().look()
    assert plant.names() == [("env", "own@1")]


async def test_a_backend_without_the_model_is_left_alone(desk: Desk, plant: Plant) -> None:
    await deploy(desk, workflow=LOADER)
    await plant.change(catalog=await keep(desk, "b.ckpt"))
    await plant.warm_ups().look()
    assert plant.names() == []
    await plant.change(catalog=await keep(desk, "a.ckpt"))
    await plant.warm_ups().look()
    assert plant.names() == [("comfyui-0", "d@1")]


async def test_what_a_worker_refuses_is_not_repeated_and_what_it_missed_is(desk: Desk, plant: Plant) -> None:
    await deploy(desk)
    server = plant.warm_ups()
    plant.fault = ServerUnavailable("away")
    await server.look()
    plant.fault = Conflict("I know no such order.")
    await server.look()
    plant.fault = None
    await server.look()
    assert plant.names() == []
    await plant.change(starts=2)
    await server.look()
    assert plant.names() == [("comfyui-0", "d@1")]


async def test_a_worker_that_knows_no_warm_ups_is_not_asked(desk: Desk, plant: Plant) -> None:
    await deploy(desk)
    del plant.backends[0]["warm_up"]
    await plant.present()
    await plant.warm_ups().look()
    assert plant.names() == []


async def test_values_that_fit_no_more_are_told_to_nobody(desk: Desk, plant: Plant) -> None:
    """They are checked when they are deployed; this one was written by hand."""
    await deploy(desk, workflow=WORKFLOW, warm_up={"1-inputs-image": "cat.png"})
    await plant.warm_ups().look()
    assert plant.names() == []


async def test_of_servers_that_look_at_the_same_time_one_gives_the_order(desk: Desk, plant: Plant, postgres_url: str) -> None:
    await deploy(desk)
    stores = [await Store.open(postgres_url) for _ in range(2)]
    try:
        servers = [plant.warm_ups(store.turns) for store in stores]
        for _ in range(3):
            await asyncio.gather(*(server.look() for server in servers))
            assert plant.names() == [("comfyui-0", "d@1")]
            await plant.change(starts=plant.backends[0]["starts"] + 1)
    finally:
        for store in stores:
            await store.close()
