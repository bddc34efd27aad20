"""Installations that come, change and go while a worker runs: every job runs where it belongs, and none is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.engine.conftest import place_of
from tests.engine.kit import ENGINES
from tests.worker.kit import Shop, Workflow, picture, sleeping, until, working
from tests.worker.managed import break_start, installed, mend_start
from viewcomfy.comfy.backend import BackendState
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.records import bump, revision
from viewcomfy.comfy.slots import Pattern, Served
from viewcomfy.core.jobs import JobStatus
from viewcomfy.files.local import LocalFiles
from viewcomfy.worker import renewal
from viewcomfy.worker.app import Worker
from viewcomfy.worker.runner import Runner

pytestmark = pytest.mark.anyio

OLD, NEW = "env-00000000000a", "env-00000000000b"


def loading(model: str, seconds: float = 0.0) -> Workflow:
    """Return a workflow that runs only where there is such a model."""
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": model}}
    shown = {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
    return (sleeping(seconds) if seconds else picture()) | {"4": loader, "5": shown}


def named(environment: str, kind: str = "m+n") -> str:
    """Return the affinity of jobs that name an environment."""
    return f"{kind}~{environment}"


@dataclass
class House:
    """Installations in folders, which of them are served now, and a worker that serves them."""

    folder: Path
    shop: Shop
    worker: Worker
    served: list[Served] = field(default_factory=list)

    def made(self, name: str, *, aside: bool, environment: str = "") -> Served:
        return made(self.folder, name, aside=aside, environment=environment)

    def look(self) -> Sequence[Served]:
        """Return what is served, each as it is now."""
        return [replace(one, revision=revision(one.installation)) for one in self.served]

    async def shown(self) -> dict[str, dict[str, Any]]:
        """Return the backends as everybody sees them, by name."""
        found = await self.shop.engine.workers()
        return {str(one["name"]): dict(one) for info in found for one in info.backends}

    async def once(self, right: Callable[[dict[str, dict[str, Any]]], bool]) -> dict[str, dict[str, Any]]:
        """Return the backends once they are right."""

        async def found() -> dict[str, dict[str, Any]] | None:
            shown = await self.shown()
            return shown if right(shown) else None

        return await until(found)

    async def run(self, workflow: Workflow, **given: Any) -> None:
        """Have a job succeed."""
        await self.shop.succeeded(await self.shop.submit(workflow, **given))

    async def running(self, workflow: Workflow, **given: Any) -> str:
        """Return a job that runs on a backend now."""
        prompt_id = await self.shop.submit(workflow, **given)

        async def runs() -> bool:
            return any(prompt_id in shown for backend in self.shop.pool.backends for shown in backend.info().prompt_ids)

        await until(runs)
        return prompt_id


def made(folder: Path, name: str, *, aside: bool, environment: str = "") -> Served:
    """Make an installation that has a model of its name."""
    installation = installed(folder / name)
    models = installation.models / "checkpoints"
    models.mkdir(parents=True, exist_ok=True)
    (models / f"{name}.safetensors").touch()
    return Served(installation, environment, aside)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "LOOK_SECONDS", 0.05)


@asynccontextmanager
async def opened(folder: Path, request: pytest.FixtureRequest, *, engine: str = "local", backends: int = 1) -> AsyncIterator[House]:
    """Have a worker serve an installation `old`, which is no environment, from an engine of a kind."""
    async with AsyncExitStack() as stack:
        kit = ENGINES[engine](folder, **place_of(engine, request))
        await kit.open()
        stack.push_async_callback(kit.remove)
        stack.push_async_callback(kit.close)
        first = made(folder, "old", aside=False)
        pool = Pool.of(Pattern(folder=folder / "backends", count=backends), [first])
        stack.push_async_callback(pool.stop)
        files = LocalFiles(folder / "files")
        runner = Runner(engine=kit.engine, files=files, cancel_grace=1.0)
        shop = Shop(folder, kit.store, files, kit.engine, [], pool, runner)  # type: ignore[attr-defined]  # every kit has one
        house = House(folder, shop, None, [first])  # type: ignore[arg-type]  # it comes at once
        house.worker = await stack.enter_async_context(working(shop, house.look))
        await house.worker.joined()
        yield house


@pytest.fixture(params=["local", "nats"])
async def house(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    async with opened(tmp_path, request, engine=request.param) as house:
        yield house


def is_there(pid: int) -> bool:
    return bool(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


# --- side by side -----------------------------------------------------------------------------------------------------
async def test_an_environment_made_while_the_worker_runs_serves_the_jobs_that_name_it_and_no_others(house: House) -> None:
    waiting = await house.shop.submit(loading("new.safetensors"), affinity=named(NEW))
    await house.run(loading("old.safetensors"), affinity="m+n")
    assert (await house.shop.job(waiting)).status is JobStatus.QUEUED
    house.served.append(house.made("new", aside=True, environment=NEW))
    await house.shop.succeeded(waiting)
    await house.run(loading("old.safetensors"), affinity="m+n")
    await house.run(loading("new.safetensors"), affinity=named(NEW))
    shown = await house.once(lambda shown: shown[f"comfyui-{NEW}-0"]["state"] == "ready")
    beside = shown[f"comfyui-{NEW}-0"]
    assert (beside["environment"], beside["aside"], beside["starts"]) == (NEW, True, 1)
    assert (shown["comfyui-0"]["environment"], shown["comfyui-0"]["aside"], shown["comfyui-0"]["starts"]) == (None, False, 1)


async def test_one_that_nobody_asks_for_is_never_started(house: House) -> None:
    house.served.append(house.made("new", aside=True, environment=NEW))
    await house.once(lambda shown: f"comfyui-{NEW}-0" in shown)
    for _ in range(3):
        await house.run(picture())
    assert (await house.shown())[f"comfyui-{NEW}-0"]["starts"] == 0


async def test_one_that_is_taken_away_ends_its_job_first(house: House) -> None:
    new = house.made("new", aside=True, environment=NEW)
    house.served.append(new)
    running = await house.running(loading("new.safetensors", 0.6), affinity=named(NEW))
    house.served.remove(new)
    await house.once(lambda shown: f"comfyui-{NEW}-0" not in shown)
    assert (await house.shop.job(running)).status is JobStatus.SUCCEEDED
    assert not (house.folder / "backends" / f"{NEW}-0").exists()
    await house.run(picture())


async def test_an_installation_that_turns_out_to_be_an_environment_needs_no_restart(house: House) -> None:
    await house.run(picture())
    house.served[0] = replace(house.served[0], environment=OLD)
    await house.run(loading("old.safetensors"), affinity=named(OLD))
    shown = await house.once(lambda shown: shown["comfyui-0"]["environment"] == OLD)
    assert (shown["comfyui-0"]["starts"], shown["comfyui-0"]["aside"]) == (1, False)


# --- renewed ----------------------------------------------------------------------------------------------------------
async def test_what_runs_ends_before_its_backend_is_started_anew(house: House) -> None:
    running = await house.running(sleeping(0.8))
    [backend] = house.shop.pool.backends
    pid = backend.info().pid
    bump(house.served[0].installation)
    waiting = await house.shop.submit(picture(2))
    assert (await house.shop.succeeded(running)).attempt == 1
    await house.shop.succeeded(waiting)
    shown = await house.once(lambda shown: (shown["comfyui-0"]["starts"], shown["comfyui-0"]["state"]) == (2, "ready"))
    assert shown["comfyui-0"]["pid"] != pid
    assert pid is not None
    assert not is_there(pid)
    assert backend.revision == revision(house.served[0].installation)
    await asyncio.sleep(0.3)  # several looks
    assert (await house.shown())["comfyui-0"]["starts"] == 2, "once is enough"


async def test_one_that_does_not_run_is_not_started_for_a_change(house: House) -> None:
    bump(house.served[0].installation)
    await asyncio.sleep(0.3)  # several looks
    assert (await house.shown())["comfyui-0"]["starts"] == 0
    [backend], seen = house.shop.pool.backends, list[str | None]()
    backend.watch(lambda: seen.append(backend.revision) if backend.state is BackendState.STARTING else None)
    await house.run(picture())
    assert seen == [None]  # as long as it has not read what it starts from, nobody can take it for an older one
    await asyncio.sleep(0.3)
    assert (await house.shown())["comfyui-0"]["starts"] == 1


async def test_a_switch_under_load_loses_no_job(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with opened(tmp_path, request, engine="nats", backends=2) as house:
        jobs = [await house.shop.submit(sleeping(0.1, seed)) for seed in range(12)]
        by_name = [await house.shop.submit(loading("old.safetensors", 0.1), affinity=named(OLD)) for _ in range(3)]
        await house.running(sleeping(0.1, 99))
        old, new = house.served[0], house.made("new", aside=False, environment=NEW)
        house.served[:] = [new, replace(old, environment=OLD, aside=True)]
        jobs += [await house.shop.submit(sleeping(0.1, 100 + seed)) for seed in range(12)]
        jobs += [await house.shop.submit(loading("new.safetensors", 0.1), affinity=named(NEW)) for _ in range(3)]
        for prompt_id in jobs + by_name:
            assert (await house.shop.succeeded(prompt_id)).outputs
            assert not any("did not succeed" in line for line in await house.shop.lines(prompt_id))
        names = {"comfyui-0", "comfyui-1", f"comfyui-{OLD}-0", f"comfyui-{OLD}-1"}
        shown = await house.once(lambda shown: shown.keys() == names and shown["comfyui-1"]["environment"] == NEW)
        assert {name: one["aside"] for name, one in shown.items()} == {name: OLD in name for name in names}
        await house.run(loading("new.safetensors"))


async def test_one_goes_on_while_the_other_is_changed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with opened(tmp_path, request, backends=2) as house:
        long, other = await house.running(sleeping(1.5, 1)), await house.running(sleeping(0.2, 2))
        bump(house.served[0].installation)
        await house.shop.succeeded(other)
        shown = await house.once(lambda shown: sorted(one["starts"] for one in shown.values()) == [1, 2])
        busy = next(name for name, one in shown.items() if one["starts"] == 1)
        began = time.monotonic()
        await house.run(picture(3))
        assert time.monotonic() - began < 1.0, "the renewed one serves while the other ends its job"
        assert (await house.shop.succeeded(long)).attempt == 1
        await house.once(lambda shown: (shown[busy]["starts"], shown[busy]["state"]) == (2, "ready"))


async def test_where_what_is_new_cannot_be_started_the_others_stay_as_they_are(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with opened(tmp_path, request, backends=2) as house:
        await asyncio.gather(*(house.run(sleeping(0.3, seed)) for seed in range(2)))
        await house.once(lambda shown: all(one["state"] == "ready" for one in shown.values()))
        break_start(house.folder / "old")
        bump(house.served[0].installation)
        await house.once(lambda shown: sorted(one["state"] for one in shown.values()) == ["failed", "ready"])
        for seed in range(3):
            await house.run(sleeping(0.05, 10 + seed))
        assert sorted(one["state"] for one in (await house.shown()).values()) == ["failed", "ready"]
        mend_start(house.folder / "old")
        bump(house.served[0].installation)
        await house.once(lambda shown: sorted(one["starts"] for one in shown.values())[-1] == 2)


async def test_an_order_goes_before_a_renewal(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with opened(tmp_path, request) as house:
        running = await house.running(sleeping(60, steps=6000))
        bump(house.served[0].installation)
        backend = house.shop.pool.backends[0]

        async def told() -> bool:
            return any(line.text == renewal.NEWS for line in backend.log.since(0)[0])

        await until(told)
        await house.shop.engine.ask(house.worker.name, {"order": "stop", "backend": "comfyui-0"})
        await house.once(lambda shown: (shown["comfyui-0"]["starts"], shown["comfyui-0"]["state"]) == (2, "ready"))
        await house.shop.engine.cancel(running)


async def test_a_worker_ends_while_a_renewal_waits(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with opened(tmp_path, request) as house:
        await house.running(sleeping(60, steps=6000))
        bump(house.served[0].installation)
        await asyncio.sleep(0.2)  # any moment of it will do
