"""A worker, put together from its settings: ComfyUI, backends, engine, files; beside a server or as a process of its own."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.cli.engines import worker_engine
from viewcomfy.cli.folders import held_backends
from viewcomfy.cli.shelves import shelves
from viewcomfy.cli.tracing import collected_traces
from viewcomfy.cli.version import version
from viewcomfy.comfy.find import find
from viewcomfy.comfy.hardware import nvidia_gpus
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.link import HealthLimits
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.slots import Pattern
from viewcomfy.core.errors import ComfyUINotFound
from viewcomfy.core.jobs import Job, Manifest
from viewcomfy.engine.base import Engine
from viewcomfy.files.base import Files
from viewcomfy.settings import WorkerSettings
from viewcomfy.worker.app import Worker
from viewcomfy.worker.catalogs import Catalogs
from viewcomfy.worker.machine import gpu_facts
from viewcomfy.worker.model_fetcher import ModelFetcher
from viewcomfy.worker.renewal import Look
from viewcomfy.worker.runner import Runner
from viewcomfy.worker.surroundings import Surroundings

ComfyUI = Installation | str
"""An installation that backends are started from, or the URL of one that runs; several URLs with commas between them."""
Ended = Callable[[Job, Manifest], None]


@dataclass(frozen=True, slots=True)
class OpenWorker:
    """A worker that is ready to run, and the ComfyUI that it drives. `lost` returns when the engine does not want it any more."""

    worker: Worker
    comfyui: ComfyUI
    backends: int
    lost: Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def open_worker(settings: WorkerSettings, ended: Ended) -> AsyncIterator[OpenWorker]:
    """Open everything that a worker process needs; close it in the opposite order. Its files come by links unless settings name a place.

    `ended` is told of each job that it has ended. Raises ServerUnavailable, ComfyUINotFound, MissingExtra, BadInput.
    """
    data = settings.data_dir.resolve()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        comfyui = await asyncio.to_thread(find, settings.comfyui, data)
        engine, files = await stack.enter_async_context(worker_engine(settings))
        worker = await stack.enter_async_context(made_worker(settings, comfyui, engine, files, ended))
        backends = settings.backends if isinstance(comfyui, Installation) else comfyui.count(",") + 1
        yield OpenWorker(worker, comfyui, backends, engine.lost)


@asynccontextmanager
async def made_worker(
    settings: WorkerSettings, comfyui: ComfyUI, engine: Engine, files: Files, ended: Ended = lambda _job, _manifest: None
) -> AsyncIterator[Worker]:
    """Yield a worker with backends of its own; they are stopped at the end."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(held_backends(settings.data_dir.resolve()))
        tracer = await stack.enter_async_context(collected_traces(settings, "viewcomfy worker"))
        look, pool = await asyncio.to_thread(make_pool, settings, comfyui, folder)
        stack.push_async_callback(pool.stop)
        models = ModelFetcher(pool, shelves(settings))

        def over(job: Job, manifest: Manifest) -> None:
            models.note(job)
            ended(job, manifest)

        yield Worker(
            engine=engine,
            pool=pool,
            models=models,
            runner=Runner(engine=engine, files=files, cancel_grace=settings.cancel_grace, ended=over, tracer=tracer),
            catalogs=Catalogs(pool, files, folder / "catalogs.json"),
            folder=folder,
            queue_pool=settings.pool,
            look=look,
            facts={"version": version(), "instance": settings.instance, "gpus": await asyncio.to_thread(gpu_facts)},
        )


def find_comfyui(settings: WorkerSettings) -> ComfyUI | ComfyUINotFound | None:
    """Return the ComfyUI of a server, None where it shall have none.

    What was named must be there, otherwise the server starts without one and says so.
    """
    if not settings.backends:
        return None
    try:
        return find(settings.comfyui, settings.data_dir.resolve())
    except ComfyUINotFound as missing:
        if settings.comfyui:
            raise
        return missing


def pip_pythons(comfyui: ComfyUI | ComfyUINotFound | None) -> list[Path]:
    """Return the interpreters whose pip may download for a server: that of its ComfyUI, and its own."""
    return [*([comfyui.python] if isinstance(comfyui, Installation) else []), Path(sys.executable)]


def make_pool(settings: WorkerSettings, comfyui: ComfyUI, folder: Path) -> tuple[Look, Pool]:
    """Make the backends, with folders of their own below `folder`, and what tells of later ones; none is started before a job needs it."""
    stall = settings.stall_timeout
    limits = HealthLimits(silence=min(30.0, stall / 4), stall=stall, probe_timeout=min(10.0, stall / 4))
    pattern = Pattern(
        folder=folder,
        count=max(1, settings.backends),
        extra_args=tuple(shlex.split(settings.comfyui_args)),
        start_timeout=settings.start_timeout,
        idle_timeout=settings.idle_timeout,
        limits=limits,
        gpus=tuple(nvidia_gpus()),
        fork=settings.fast_start,
    )
    own = comfyui if isinstance(comfyui, Installation) else None
    surroundings = Surroundings(settings.data_dir.resolve(), own, is_named=bool(settings.comfyui))
    if isinstance(comfyui, str):
        return surroundings.look, Pool.attached(comfyui.split(","), limits=limits, pattern=pattern)
    return surroundings.look, Pool.of(pattern, surroundings.look())
