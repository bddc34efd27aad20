"""A server, put together from its settings: store, files, engine, ComfyUI, worker, services, app."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import shlex
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from viewcomfy.comfy.find import find
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.link import HealthLimits
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.process import Launch
from viewcomfy.core.errors import ComfyUINotFound, Conflict
from viewcomfy.engine.base import Engine
from viewcomfy.engine.local import LocalEngine
from viewcomfy.files.base import Files
from viewcomfy.files.fetch import Fetcher
from viewcomfy.files.fetch_limits import FetchLimits
from viewcomfy.files.local import LocalFiles
from viewcomfy.server.app import create_app
from viewcomfy.service.batches import BatchLimits, BatchService
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.checker import Checker
from viewcomfy.service.deployer import Deployer
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.doctor import Doctor
from viewcomfy.service.infer import InferLimits, InferService
from viewcomfy.service.intake import Intake
from viewcomfy.service.jobs import JobService
from viewcomfy.service.keys import KeyService
from viewcomfy.service.links import Links
from viewcomfy.service.past_jobs import PastJobs
from viewcomfy.service.quotas import Quotas
from viewcomfy.service.services import Services
from viewcomfy.service.sessions import Sessions
from viewcomfy.service.usage import UsageService
from viewcomfy.service.workers import WorkerService
from viewcomfy.settings import Settings
from viewcomfy.store.store import Store
from viewcomfy.worker.app import Worker
from viewcomfy.worker.catalogs import Catalogs
from viewcomfy.worker.runner import Runner
from viewcomfy.worker.upkeep import Retention, Upkeep

LINK_SECRET = "link_secret"  # noqa: S105 - the name of a row, not a secret
UPKEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class OpenServer:
    """A server that is ready to be served.

    `admin_token` is set when it is new. `comfyui` is the installation that backends are started from, the URL of one
    that runs, or why there is none. `stop_working` ends the claiming of jobs and gives running ones so many seconds.
    """

    app: FastAPI
    services: Services
    admin_token: str | None
    comfyui: Installation | str | ComfyUINotFound
    stop_working: Callable[[float], Coroutine[Any, Any, None]]


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[OpenServer]:
    """Open everything that a server needs and run its worker; close it in the opposite order, running jobs first."""
    data = settings.data_dir.resolve()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        stack.enter_context(_locked(data / "server.lock"))
        store = await Store.open(data / "viewcomfy.db")
        stack.push_async_callback(store.close)
        files = LocalFiles(data / "files")
        engine = await stack.enter_async_context(
            LocalEngine(store.queue, store.events, lease_seconds=settings.lease_seconds, attempts=settings.attempts)
        )
        comfyui = await asyncio.to_thread(find_comfyui, settings.comfyui, data)
        pool = make_pool(settings, comfyui, data)
        stack.push_async_callback(pool.stop)
        keys = KeyService(store.keys, store.meta)
        wanted = settings.admin_token.get_secret_value() if settings.admin_token else None
        admin_token = await keys.ensure_admin_token(wanted)
        runner = Runner(engine=engine, rows=store.jobs, files=files, cancel_grace=settings.cancel_grace)
        known = Catalogs(pool, files, data / "backends" / "catalogs.json")
        worker = Worker(
            engine=engine, pool=pool, runner=runner, lease_seconds=settings.lease_seconds, catalogs=known, folder=data / "backends"
        )
        parts = Parts(settings, store, files, engine, CatalogService(engine=engine, files=files, inspect=worker.inspect))
        services = await make_services(parts, keys)
        retention = Retention(settings.keep_jobs_days, settings.keep_files_days, settings.keep_files_bytes)
        chores = (keys.write_last_used, services.batches.finish_cancels, services.past_jobs.remove_late)
        upkeep = Upkeep(store=store, files=files, retention=retention, upload_folder=data / "tmp", chores=chores)
        async with _running(worker, upkeep, settings.shutdown_grace):
            yield OpenServer(create_app(services, settings), services, admin_token, comfyui, worker.stop)
        await keys.write_last_used()


def find_comfyui(named: str | None, data: Path) -> Installation | str | ComfyUINotFound:
    """Return the ComfyUI to use; what was named must be there, otherwise the server starts without one and says so."""
    try:
        return find(named, data)
    except ComfyUINotFound as missing:
        if named:
            raise
        return missing


def make_pool(settings: Settings, comfyui: Installation | str | ComfyUINotFound, data: Path) -> Pool:
    """Make the backends; none is started before a job needs it."""
    stall = settings.stall_timeout
    limits = HealthLimits(silence=min(30.0, stall / 4), stall=stall, probe_timeout=min(10.0, stall / 4))
    if isinstance(comfyui, str):
        return Pool.attached(comfyui.split(","), limits=limits)
    if isinstance(comfyui, ComfyUINotFound):
        return Pool([])
    launch = Launch(comfyui, data / "backends", extra_args=tuple(shlex.split(settings.comfyui_args)), start_timeout=settings.start_timeout)
    return Pool.managed(launch, settings.backends, idle_timeout=settings.idle_timeout, limits=limits, fork=settings.fast_start)


@dataclass(frozen=True, slots=True)
class Parts:
    """What services are made of."""

    settings: Settings
    store: Store
    files: Files
    engine: Engine
    catalogs: CatalogService


async def make_services(parts: Parts, keys: KeyService) -> Services:
    """Return the services of a server."""
    settings, store, catalogs = parts.settings, parts.store, parts.catalogs
    secret = await store.meta.set_default(LINK_SECRET, secrets.token_hex(32))
    deployments = DeploymentService(store.deployments)
    spool = settings.data_dir / "tmp"
    fetch = FetchLimits.parse(settings.fetch_allow, max_bytes=settings.max_upload, seconds=settings.fetch_seconds)
    intake = Intake(spool, Fetcher(fetch), settings.max_upload)
    checker, jobs = Checker(catalogs), JobService(store.jobs, parts.engine)
    infer = InferService(
        deployments=deployments,
        rows=store.jobs,
        files=parts.files,
        engine=parts.engine,
        checker=checker,
        intake=intake,
        quotas=Quotas(store.accepted),
        limits=InferLimits(settings.max_queue, settings.time_limit),
    )
    return Services(
        infer=infer,
        batches=BatchService(
            rows=store.batches,
            infer=infer,
            intake=intake,
            files=parts.files,
            engine=parts.engine,
            folder=spool,
            limits=BatchLimits(settings.max_batch, settings.max_request),
        ),
        jobs=jobs,
        past_jobs=PastJobs(jobs=jobs, rows=store.jobs, files=parts.files, infer=infer, deployments=deployments, checker=checker),
        usage=UsageService(store.usage),
        keys=keys,
        sessions=Sessions(keys, secret),
        deployments=deployments,
        deployer=Deployer(deployments, catalogs),
        doctor=Doctor(deployments=deployments, catalogs=catalogs, engine=parts.engine, folder=settings.data_dir),
        links=Links(secret, settings.link_seconds),
        workers=WorkerService(parts.engine),
        files=parts.files,
    )


@asynccontextmanager
async def _running(worker: Worker, upkeep: Upkeep, grace: float) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        await worker.announce()  # the first call may come sooner than the worker's own first word
        chores = tasks.create_task(upkeep.run(UPKEEP_SECONDS))
        work = tasks.create_task(worker.run())
        try:
            yield
        finally:
            await worker.stop(grace)
            await work
            chores.cancel()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the data folder for this process alone: a second server would take the first one's running jobs for lost."""
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            lock.seek(0)
            owner = lock.read().strip()
            raise Conflict(
                f"Another viewcomfy server (process {owner or '?'}) uses {path.parent}.", hint="Stop it, or choose another --data-dir."
            ) from taken
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
        with suppress(OSError):
            lock.truncate(0)
