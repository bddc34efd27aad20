"""Inspections: workers asked what they have, through the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from viewcomfy.core.errors import NoBackend
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.engine.local import LocalEngine
from viewcomfy.service import inspections
from viewcomfy.service.inspections import Inspections
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio

BACKENDS: Any = ({"name": "comfyui-0", "catalog": None},)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def engine(tmp_path: Path, clock: Clock) -> AsyncIterator[LocalEngine]:
    store = await Store.open(tmp_path / "test.db")
    async with LocalEngine(store.queue, store.events, clock=clock) as engine:
        yield engine
    await store.close()


@asynccontextmanager
async def working(engine: LocalEngine, name: str, answer: Any) -> AsyncIterator[None]:
    await engine.present(WorkerInfo(name, "default", BACKENDS))
    serving = asyncio.create_task(engine.serve(name, answer))
    await asyncio.sleep(0)
    yield
    serving.cancel()


async def refuse(_: Mapping[str, Any]) -> Mapping[str, Any]:
    raise NoBackend("ComfyUI ended.")


async def never(_: Mapping[str, Any]) -> Mapping[str, Any]:
    await asyncio.get_running_loop().create_future()
    return {}


async def test_every_worker_is_asked_and_what_fails_is_told(engine: LocalEngine) -> None:
    asked: list[Mapping[str, Any]] = []

    async def answer(order: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(order)
        return {"catalogs": {"comfyui-0": None}}

    async with working(engine, "able", answer), working(engine, "broken", refuse):
        [fault] = await Inspections(engine).ask_all()
    assert (fault.message, asked) == ("ComfyUI ended.", [{"do": "inspect"}])


async def test_what_is_answered_is_waited_for_to_be_seen(engine: LocalEngine) -> None:
    told = asyncio.Event()

    async def answer(_: Mapping[str, Any]) -> Mapping[str, Any]:
        asyncio.get_running_loop().call_later(0.05, told.set)
        return {"catalogs": {"comfyui-0": "abc"}}

    async with working(engine, "w", answer):
        asking = asyncio.create_task(Inspections(engine).ask_all())
        await told.wait()
        assert not asking.done()
        await engine.present(WorkerInfo("w", "default", ({"name": "comfyui-0", "catalog": "abc"},)))
        async with asyncio.timeout(1):
            assert await asking == []


async def test_nobody_waits_for_a_worker_that_has_gone(engine: LocalEngine, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspections, "LOOK_SECONDS", 0.01)
    async with working(engine, "w", never):
        asking = asyncio.create_task(Inspections(engine).ask_all())
        await asyncio.sleep(0)
        clock.now += 60
        async with asyncio.timeout(5):
            assert await asking == []


async def test_a_worker_without_backends_is_left_alone(engine: LocalEngine) -> None:
    await engine.present(WorkerInfo("w", "default"))
    assert await Inspections(engine).ask_all() == []
