"""Renewal: backends get what has changed on the disk, one after another when their jobs have ended, and none is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.process import Launch
from viewcomfy.comfy.slots import Served, Slot
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.worker.control import UP
from viewcomfy.worker.fitness import Fitness
from viewcomfy.worker.stations import Station, Stations

LOOK_SECONDS = 1.0
HOLD_SECONDS = 60.0
"""How long the other backends stay as they are after one could not be started from what is new."""
NEWS = "What it runs from has changed: it gets no new job, and is started anew when its jobs have ended."

Look = Callable[[], Sequence[Served]]
"""Tells what is to be served now; it may block for some milliseconds, and is called on a thread."""

log = structlog.get_logger(__name__)


class Renewal:
    """Sees to it that a pool's backends are what `look` says: adds, moves, restarts and removes them. `changed` is called after each."""

    def __init__(
        self,
        look: Look,
        *,
        pool: Pool,
        stations: Stations,
        fitness: Fitness,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._pool = pool
        self._stations = stations
        self._fitness = fitness
        self._changed = changed
        self._clock = clock
        self._wanted: Mapping[str, Slot] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._held: dict[Slot, float] = {}

    async def run(self) -> None:
        """Look again and again, for ever; what takes long, because jobs must end first, goes on beside."""
        try:
            while True:
                try:
                    self.take(await asyncio.to_thread(self._look))
                except Exception:
                    log.exception("what there is to serve could not be looked at through a fault of ours")
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._end()

    def take(self, served: Sequence[Served]) -> None:
        """Take in what there is to serve: what is new comes at once, what changes when it can."""
        self._wanted = self._pool.wanted(served)
        there = {station.backend.name for station in self._stations}
        for slot in self._wanted.values():
            if slot.name not in there:
                log.info("a backend has come", backend=slot.name, environment=slot.environment)
                self._stations.open(slot)
                self._changed()
        for station in self._stations:
            self._note_environment(station)
        for group in sorted({_group(station.backend) for station in self._stations if self._is_due(station)} - self._tasks.keys()):
            self._tasks[group] = task = asyncio.create_task(self._change_all(group), name=f"renew {group}")
            task.add_done_callback(partial(self._ended, group))

    async def _end(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, group: str, task: asyncio.Task[None]) -> None:
        del self._tasks[group]
        if not task.cancelled() and (fault := task.exception()):
            log.error("backends could not be renewed through a fault of ours", exc_info=fault)

    # --- what is due --------------------------------------------------------------------------------------------------
    def _note_environment(self, station: Station) -> None:
        """Take in what its installation is now, unless the process is older than that."""
        slot = self._wanted.get(station.backend.name)
        if slot and slot.environment != station.backend.environment and not _differs(station.backend, slot):
            station.backend.environment = slot.environment
            station.loop.notice()
            self._changed()

    def _is_due(self, station: Station) -> bool:
        backend, slot = station.backend, self._wanted.get(station.backend.name)
        if slot is None:  # whoever gets what it has comes first: jobs that name its environment can go on
            return backend.is_managed and not any(self._is_due(other) for other in self._stations if not other.backend.aside)
        return _differs(backend, slot) and self._clock() >= self._held.get(slot, 0.0)

    def _next(self, group: str) -> Station | None:
        """Return the one of a group to change next: one that is idle, if there is any."""
        due = [station for station in self._stations if _group(station.backend) == group and self._is_due(station)]
        return min(due, key=_effort, default=None)

    # --- changing -----------------------------------------------------------------------------------------------------
    async def _change_all(self, group: str) -> None:
        """Change one after the other, so that the others go on meanwhile; leave off when an order comes first, to look again later."""
        while station := self._next(group):
            if not await self._change(station):
                return
        await self._pool.tidy()

    async def _change(self, station: Station) -> bool:
        backend = station.backend
        if backend.name not in self._wanted:
            log.info("a backend goes", backend=backend.name)
            await self._stations.close(station)
            self._changed()
            return True
        if (failed := self._failed(backend)) and backend.state in UP:
            await self._start(failed)  # what others still run from works, and this may not
            return True
        if backend.is_busy:
            backend.log.add([NEWS])
        starts_again = await station.control.renew(lambda: self._settle(backend))
        self._changed()
        if starts_again:
            await self._start(backend)
        return starts_again is not None

    def _failed(self, backend: Backend) -> Backend | None:
        """Return another backend that was to become what this one is to be, and could not be started."""
        group = [station.backend for station in self._stations if _group(station.backend) == _group(backend)]
        return next((one for one in group if one.state is BackendState.FAILED and not _differs(one, self._wanted[one.name])), None)

    def _settle(self, backend: Backend) -> None:
        """Have a stopped backend be as is wanted now, which may have changed while its jobs ended."""
        self._fitness.forget(backend.origin)
        if slot := self._wanted.get(backend.name):
            log.info("a backend is renewed", backend=backend.name, folder=str(slot.launch.installation.main.parent))
            self._pool.move(backend, slot)

    async def _start(self, backend: Backend) -> None:
        """Start it before the next one is changed; where that fails, leave the others as they are for a while."""
        try:
            await backend.start_now()
        except ViewComfyError as fault:
            log.warning("a renewed backend could not be started", backend=backend.name, reason=fault.message)
            if backend.state is BackendState.FAILED:
                until = self._clock() + HOLD_SECONDS
                self._held = {slot: until for slot in self._wanted.values() if slot.launch.installation == backend.origin}


def _differs(backend: Backend, slot: Slot) -> bool:
    """Tell whether a backend is not what it is to be: it is started from elsewhere, or runs from something older."""
    if not isinstance(backend.source, Launch):
        return False
    return backend.source != slot.launch or (backend.state in UP and backend.revision not in (None, slot.revision))


def _group(backend: Backend) -> str:
    """Return what backends have in common of which one at least is to go on."""
    return backend.environment if backend.aside else ""


def _effort(station: Station) -> tuple[int, bool]:
    return len(station.loop.prompt_ids), station.backend.is_busy
