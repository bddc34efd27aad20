"""A server, put together from its settings: store, files, engine, worker, services, app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from viewcomfy.cli.assemble_services import Parts, make_services, shared_secret
from viewcomfy.cli.assemble_worker import ComfyUI, find_comfyui, made_worker, pip_pythons
from viewcomfy.cli.engines import server_engine, workers_may_come
from viewcomfy.cli.folders import held_data
from viewcomfy.cli.tracing import collected_traces
from viewcomfy.core.errors import ComfyUINotFound
from viewcomfy.files.base import Files
from viewcomfy.files.open import open_files
from viewcomfy.packs.node_map_source import NodeMaps
from viewcomfy.server.app import create_app
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.checker import Checker
from viewcomfy.service.eligibility import PATIENCE, Eligibility
from viewcomfy.service.keys import KeyService
from viewcomfy.service.link_desk import Linker
from viewcomfy.service.links import Links
from viewcomfy.service.services import Services
from viewcomfy.service.verdicts import Verdicts
from viewcomfy.service.warm_ups import WarmUps
from viewcomfy.settings import Settings
from viewcomfy.store.store import Store
from viewcomfy.worker.app import Worker
from viewcomfy.worker.upkeep import Retention, Upkeep

UPKEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class OpenServer:
    """A server that is ready to be served.

    `admin_token` is set when it is new. `comfyui` is what backends are started from, the URL of one that runs, why there is none, or
    None where jobs are left to other machines. `worker` is the server's own, if it has one.
    """

    app: FastAPI
    services: Services
    admin_token: str | None
    comfyui: ComfyUI | ComfyUINotFound | None
    worker: Worker | None

    async def stop_working(self, grace: float) -> None:
        """End the claiming of jobs and give running ones so many seconds."""
        if self.worker is not None:
            await self.worker.stop(grace)


@asynccontextmanager
async def open_server(settings: Settings, url: str = "") -> AsyncIterator[OpenServer]:
    """Open everything that a server needs and run its worker; close it in the opposite order, running jobs first.

    `url` is where workers reach it, for those that get their files by links.
    """
    data = settings.data_dir.resolve()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        stack.enter_context(held_data(data))
        tracer = await stack.enter_async_context(collected_traces(settings, "viewcomfy server"))
        store = await Store.open(settings.store.get_secret_value() if settings.store else data / "viewcomfy.db")
        stack.push_async_callback(store.close)
        files = open_files(settings.files.get_secret_value() if settings.files else None, data)
        secret, verdicts = await shared_secret(store), Verdicts()
        links = Links(secret, settings.link_seconds)
        linker = Linker(links=links, files=files, url=url, max_bytes=settings.max_upload, direct=settings.file_links == "store")
        engine = await stack.enter_async_context(server_engine(settings, store, verdicts.fits, linker.url))
        comfyui = await asyncio.to_thread(find_comfyui, settings)
        keys = KeyService(store.keys, store.meta)
        admin_token = await keys.ensure_admin_token(settings.admin_token.get_secret_value() if settings.admin_token else None)
        worker = None
        if comfyui is not None and not isinstance(comfyui, ComfyUINotFound):
            worker = await stack.enter_async_context(made_worker(settings, comfyui, engine, files))
        catalogs = CatalogService(engine=engine, files=files)
        patience = PATIENCE if workers_may_come(settings) else 0.0
        eligibility = Eligibility(verdicts, store.needs, catalogs, engine, patience=patience)
        node_maps = NodeMaps(settings.node_map_url, data / "cache", pip_pythons(comfyui))
        services = make_services(Parts(settings, store, files, engine, catalogs, eligibility, keys, links, secret, node_maps.find))
        deployments, checker = services.deployments, Checker(catalogs)
        warm_ups = WarmUps(deployments=deployments, catalogs=catalogs, checker=checker, engine=engine, turns=store.turns)
        chores = (_upkeep(settings, store, files, services).run(UPKEEP_SECONDS), eligibility.run(), node_maps.run(), warm_ups.run())
        async with _running(worker, chores, settings.shutdown_grace):
            yield OpenServer(create_app(services, settings, tracer=tracer), services, admin_token, comfyui, worker)
        await keys.write_last_used()


def _upkeep(settings: Settings, store: Store, files: Files, services: Services) -> Upkeep:
    retention = Retention(settings.keep_jobs_days, settings.keep_files_days, settings.keep_files_bytes)
    chores = (services.keys.write_last_used, services.batches.finish_cancels, services.past_jobs.remove_late)
    return Upkeep(store=store, files=files, retention=retention, upload_folder=_spool(settings), chores=chores)


def _spool(settings: Settings) -> Path:
    return settings.data_dir.resolve() / "tmp"


@asynccontextmanager
async def _running(worker: Worker | None, chores: Iterable[Coroutine[Any, Any, None]], grace: float) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(worker.run()) if worker else None
        helpers = [tasks.create_task(chore) for chore in chores]
        if worker:
            await worker.joined()  # the first call may come sooner than the worker's own first word
        try:
            yield
        finally:
            if worker and work:
                await worker.stop(grace)
                await work
            for helper in helpers:
                helper.cancel()
