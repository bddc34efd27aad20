"""Catalogs of a real ComfyUI: known from one start, over restarts, until a model comes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from viewcomfy.comfy.backend import BackendState
from viewcomfy.comfy.fingerprint import take_fingerprint
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.process import Launch
from viewcomfy.engine.local import LocalEngine
from viewcomfy.files.local import LocalFiles
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.store.store import Store
from viewcomfy.worker.app import Worker
from viewcomfy.worker.catalogs import Catalogs
from viewcomfy.worker.runner import Runner

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]


@pytest.fixture
def own(installation: Installation, tmp_path: Path) -> Installation:
    """The installation with models of its own, that a test may change."""
    base = tmp_path / "base"
    shutil.copytree(installation.models, base / "models", symlinks=True)
    shutil.copytree(installation.base / "custom_nodes", base / "custom_nodes")
    return replace(installation, base=base)


@dataclass(frozen=True)
class Site:
    """A worker with two backends and the service that learns of their catalogs."""

    pool: Pool
    catalogs: Catalogs
    service: CatalogService

    @property
    def starts(self) -> int:
        """How often a ComfyUI has been started."""
        return sum(backend.info().starts for backend in self.pool.backends)

    async def checkpoints(self) -> set[object]:
        """Return the checkpoints that may be chosen."""
        known = (await self.service.by_backend()).values()
        return {choice for one in known for choice in one.classes["CheckpointLoaderSimple"].inputs["ckpt_name"].choices or ()}


@asynccontextmanager
async def site(installation: Installation, data: Path) -> AsyncIterator[Site]:
    files = LocalFiles(data / "files")
    store = await Store.open(data / "test.db")
    pool = Pool.managed(Launch(installation, data / "backends"), 2)
    async with LocalEngine(store.queue, store.events) as engine:
        catalogs = Catalogs(pool, files, data / "catalogs.json")
        runner = Runner(engine=engine, files=files, cancel_grace=1)
        worker = Worker(engine=engine, pool=pool, runner=runner, catalogs=catalogs)

        async def answer(_: Mapping[str, Any]) -> Mapping[str, Any]:
            await worker.inspect()
            return {}

        serving = asyncio.create_task(engine.serve(worker.name, answer))
        await worker.announce()
        try:
            yield Site(pool, catalogs, CatalogService(engine=engine, files=files))
        finally:
            serving.cancel()
            await pool.stop()
    await store.close()


async def test_one_start_tells_of_all_backends_and_is_enough_until_a_model_comes(own: Installation, tmp_path: Path) -> None:
    async with site(own, tmp_path / "data") as first:
        assert await first.service.by_backend() == {}
        await first.service.refresh()
        known = await first.service.by_backend()
        assert (first.service.why_unknown, list(known), first.starts) == ("", ["comfyui-0", "comfyui-1"], 1)
        assert len(known["comfyui-0"].classes) > 300
        assert await first.checkpoints() >= {"tiny_sd3.safetensors"}
        fingerprint = take_fingerprint(own)

    async with site(own, tmp_path / "data") as second:
        assert take_fingerprint(own) == fingerprint, "a start and a stop leave no trace in it"
        await second.service.refresh()
        assert (await second.service.by_backend(), second.starts) == (known, 0)

        shutil.copyfile(own.models / "checkpoints" / "tiny_sd3.safetensors", own.models / "checkpoints" / "new.safetensors")
        await second.service.refresh()
        assert await second.checkpoints() >= {"tiny_sd3.safetensors", "new.safetensors"}
        assert second.starts == 1


async def test_one_that_runs_is_asked_and_lists_its_models_anew(own: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewcomfy.worker.catalogs.FRESH_SECONDS", 0.0)
    async with site(own, tmp_path / "data") as running:
        await running.service.refresh()
        before = await running.service.by_backend()
        (own.models / "checkpoints" / "new.safetensors").touch()
        await running.service.refresh()
        assert "new.safetensors" in await running.checkpoints()
        assert before.keys() == (await running.service.by_backend()).keys()
        assert (running.starts, running.pool.backends[0].state) == (1, BackendState.READY)
