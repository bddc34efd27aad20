"""The worker, put together: a loop for each backend, leases kept, presence told."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.pool import Pool
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.scheduling import environment_of, serves
from viewcomfy.engine.base import Engine, WorkerInfo
from viewcomfy.worker.catalogs import Catalogs
from viewcomfy.worker.control import Control
from viewcomfy.worker.fitness import Fitness
from viewcomfy.worker.loop import BackendLoop
from viewcomfy.worker.machine import machine_facts, new_worker_name
from viewcomfy.worker.model_fetcher import FETCH, ModelFetcher
from viewcomfy.worker.orders import Orders
from viewcomfy.worker.renewal import Look, Renewal
from viewcomfy.worker.runner import Runner, remove_all
from viewcomfy.worker.stations import Station, Stations

PRESENCE_SECONDS = 2.0
NEWS_SECONDS = 0.2
"""How often at most a worker tells of changes: with short jobs there are hundreds a second."""
SWEEP_SECONDS = 1.0


class Worker:
    """Claims jobs of `queue_pool`, drives a pool of backends, and tells which node classes they have.

    `folder` is on the disk that it fills; `facts` are told of the machine beside what changes. `look` tells which installations are to be
    served, over and over; without it the pool stays as it is. `models` fetches models.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        pool: Pool,
        runner: Runner,
        catalogs: Catalogs | None = None,
        folder: Path = Path(),
        queue_pool: str = "default",
        facts: Mapping[str, Any] | None = None,
        look: Look | None = None,
        models: ModelFetcher | None = None,
    ) -> None:
        self.name = new_worker_name()
        self._engine = engine
        self._pool = pool
        self._runner = runner
        self._catalogs = catalogs
        self._folder = folder
        self._news = catalogs.changed if catalogs else asyncio.Event()
        self._queue_pool = queue_pool
        self._facts = dict(facts or {})
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._joined = asyncio.Event()
        self._ended = asyncio.Event()
        self._fitness = Fitness(self._origins)
        self._stations = Stations(pool, self._station)
        self._renewal = look and Renewal(look, pool=pool, stations=self._stations, fitness=self._fitness, changed=self._note)
        self._models = models
        others = {FETCH: models.answer} if models else {}
        self._orders = Orders(
            self.name, self._stations.controls, engine, show=self._shown, announce=self.announce, inspect=self.inspect, others=others
        )

    def _station(self, backend: Backend) -> Station:
        loop = self._loop(backend)
        backend.watch(self._news.set)
        backend.watch(loop.notice)
        return Station(backend, loop, Control(backend=backend, loop=loop, runner=self._runner, changed=self._note))

    def _loop(self, backend: Backend) -> BackendLoop:
        return BackendLoop(
            worker=self.name,
            pool=self._queue_pool,
            backend=backend,
            engine=self._engine,
            runner=self._runner,
            any_ready=lambda: any(
                other.state is BackendState.READY and not other.draining for other in self._pool.backends if _alike(backend, other)
            ),
            fitness=self._fitness,
            catalog=lambda: self._revision(backend),
            changed=self._note,
        )

    def _origins(self, affinity: str) -> set[Hashable]:
        """Return where the backends come from that may run such jobs."""
        wanted = environment_of(affinity)
        return {backend.origin for backend in self._pool.backends if serves(wanted, backend.environment, aside=backend.aside)}

    def _revision(self, backend: Backend) -> str | None:
        return self._catalogs.revision(backend) if self._catalogs else None

    def _note(self) -> None:
        """Take in that a loop has got a job, or one has ended."""
        self._news.set()
        self._changed.set()

    async def run(self) -> None:
        """Work until `stop` is called and the running jobs have ended; raises ServerUnavailable when the engine can't be told of it."""
        try:
            await self._work()
        finally:
            self._ended.set()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            orders = tasks.create_task(self._orders.run())
            await asyncio.sleep(0)  # whoever sees the worker may ask it at once
            await self.announce()
            self._joined.set()
            await asyncio.to_thread(remove_all, self._left_behind())
            chores = [self._runner.sweep(SWEEP_SECONDS), self._tell_presence()]
            if self._catalogs:
                chores.append(self._catalogs.run())
            if self._models:
                chores.append(self._models.run())
            if self._renewal:
                chores.append(self._renew(self._renewal))
            helpers = [orders, *(tasks.create_task(chore) for chore in chores)]
            await self._stations.run(self._stopping)
            for helper in helpers:
                helper.cancel()

    async def _renew(self, renewal: Renewal) -> None:
        """Keep the backends up to date until told to stop: from then on none is started."""
        renewing, stopping = asyncio.create_task(renewal.run()), asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({renewing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            renewing.cancel()
            stopping.cancel()
            await asyncio.wait({renewing, stopping})

    def _left_behind(self) -> list[Path]:
        """Return what an earlier worker has left in the folders of its backends; no ComfyUI runs there yet that could know of it."""
        ours = [backend.folders for backend in self._pool.backends if backend.folders is not None]
        places = [place for folders in ours for place in (folders.input, folders.output) if place.is_dir()]
        return [path for place in places for path in place.iterdir()]

    async def joined(self) -> None:
        """Return once it has told that it is there: whoever calls from now on finds its backends."""
        await self._joined.wait()

    async def announce(self) -> None:
        """Tell how it stands now."""
        await self._engine.present(self._info())

    async def inspect(self) -> None:
        """Make every backend's catalog known and fresh, and tell; raises what a backend raises that can't be asked."""
        try:
            if self._catalogs:
                await self._catalogs.inspect()
        finally:
            await self._engine.present(self._info())

    @property
    def prompt_ids(self) -> list[str]:
        """The jobs that it has claimed and that have not ended."""
        return [prompt_id for station in self._stations for prompt_id in station.loop.prompt_ids]

    async def busy(self) -> None:
        """Return once it has a job."""
        while not self.prompt_ids:
            self._changed.clear()
            await self._changed.wait()

    async def idle(self, seconds: float) -> None:
        """Return once it has had no job for so long."""
        quiet = False
        while not quiet:
            self._changed.clear()
            try:
                async with asyncio.timeout(None if self.prompt_ids else seconds):
                    await self._changed.wait()
            except TimeoutError:
                quiet = not self.prompt_ids

    async def stop(self, grace: float | None) -> None:
        """Stop claiming; give what still runs after `grace` seconds back to the queue, None: let it end."""
        self._stopping.set()
        self._news.set()
        try:
            async with asyncio.timeout(grace):
                await self._ended.wait()
        except TimeoutError:
            await self._runner.release_all()

    async def _tell_presence(self) -> None:
        while True:
            with suppress(ViewComfyError):
                await self._engine.present(self._info())
            await asyncio.sleep(NEWS_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(PRESENCE_SECONDS - NEWS_SECONDS):
                    await self._news.wait()
            self._news.clear()
            for station in self._stations:
                station.loop.notice()

    def _info(self) -> WorkerInfo:
        facts = machine_facts(self._folder) | self._facts | {"stopping": self._stopping.is_set()}
        return WorkerInfo(self.name, self._queue_pool, tuple(map(self._shown, self._pool.backends)), facts)

    def _shown(self, backend: Backend) -> dict[str, Any]:
        station = self._stations.of(backend)
        loop, warm_up = station.loop, station.control.warming.shown()
        told = {"catalog": self._revision(backend), "warm": loop.warm_models, "prompt_ids": loop.prompt_ids, "warm_up": warm_up}
        return asdict(backend.info()) | told


def _alike(one: Backend, other: Backend) -> bool:
    """Tell whether two backends get the same jobs."""
    return (one.environment, one.aside) == (other.environment, other.aside)
