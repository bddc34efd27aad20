"""Stations are the backends of a worker at work, each with its loop and its control; they come and go while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from viewcomfy.comfy.backend import Backend
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.slots import Slot
from viewcomfy.worker.control import Control
from viewcomfy.worker.loop import BackendLoop


@dataclass(eq=False, frozen=True, slots=True)
class Station:
    """A backend with what feeds it and what controls it; its loop ends when it is `closing` and its jobs have ended."""

    backend: Backend
    loop: BackendLoop
    control: Control
    closing: asyncio.Event = field(default_factory=asyncio.Event)


class Stations:
    """Those of the backends of a pool. `man` makes the loop and the control of a backend."""

    def __init__(self, pool: Pool, man: Callable[[Backend], Station]) -> None:
        self._pool = pool
        self._man = man
        self._stations = {backend: man(backend) for backend in pool.backends}
        self._controls = {station.backend.name: station.control for station in self._stations.values()}
        self._working: dict[Station, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def __iter__(self) -> Iterator[Station]:
        return iter(list(self._stations.values()))

    def of(self, backend: Backend) -> Station:
        """Return that of a backend."""
        return self._stations[backend]

    @property
    def controls(self) -> Mapping[str, Control]:
        """The controls of all that there are at any time, by the names of their backends."""
        return self._controls

    async def run(self, stopping: asyncio.Event) -> None:
        """Have all of them work, those that come later too, until told to stop and the last job has ended."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for station in self:
                self._begin(station)
            await stopping.wait()
            self._tasks = None
            for station in self:
                station.closing.set()

    def open(self, slot: Slot) -> None:
        """Add one, at work from now on."""
        backend = self._pool.add(slot)
        self._stations[backend] = station = self._man(backend)
        self._controls[backend.name] = station.control
        self._begin(station)

    async def close(self, station: Station) -> None:
        """Take one away once its jobs have ended; it claims none meanwhile."""
        station.closing.set()
        if working := self._working.get(station):
            await asyncio.wait({working})
        del self._stations[station.backend]
        if self._controls.get(station.backend.name) is station.control:
            del self._controls[station.backend.name]
        await self._pool.remove(station.backend)

    def _begin(self, station: Station) -> None:
        if self._tasks is not None:
            self._working[station] = task = self._tasks.create_task(station.loop.run(station.closing))
            task.add_done_callback(lambda _: self._working.pop(station, None))
