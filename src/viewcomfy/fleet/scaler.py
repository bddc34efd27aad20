"""The scaler keeps a fleet as large as its pool wants: it asks the server, starts workers, and lets idle ones go."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from statistics import fmean

import structlog

from viewcomfy.core.backends import BackendAction
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.scaling import Limits
from viewcomfy.fleet.base import Desk, Instance, Provider
from viewcomfy.fleet.plan import Fleet, Plan, never_came, plan, plan_end
from viewcomfy.wire.workers import WorkerOut

BOOTS = 5
"""The mean of so many starts tells how long one takes."""
EMPTY_LOOKS = 2
"""So often in a row a draining worker must be seen without a job before it is stopped: what it tells may be a moment old."""
FAILED_SECONDS, LONGEST_WAIT = 2.0, 120.0
"""After a start that came to nothing, the next is held back so long, twice as long each time."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a fleet is for: a pool, limits, a look every so many seconds, and how long a worker may take to tell of itself."""

    pool: str
    limits: Limits
    every: float = 2.0
    patience: float = 900.0


class Scaler:
    """Keeps one fleet. All that it must know is with the server and the provider: it may be ended and started again at any time."""

    def __init__(self, desk: Desk, provider: Provider, wishes: Wishes, *, clock: Callable[[], float] = time.time) -> None:
        self._desk = desk
        self._provider = provider
        self._wishes = wishes
        self._clock = clock
        self._began = clock()
        self._boots = deque[float](maxlen=BOOTS)
        self._seen: set[str] = set()
        self._starting: set[str] = set()
        self._empty: dict[str, int] = {}
        self._said = ""
        self._failures = 0
        self._hold_until = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Look again and again until told to stop; the workers go on."""
        await self._repeat(self.look, stopping)

    async def end(self, stopping: asyncio.Event) -> None:
        """Let the whole fleet go and return when it is gone, or when told to stop; running jobs end first."""

        async def look() -> bool:
            fleet = await self._fleet()
            await self._carry_out(plan_end(fleet))
            return not fleet.instances

        await self._repeat(look, stopping)

    async def look(self) -> bool:
        """Look once and do what follows; returns False: a fleet is never done. Raises what the server or the provider raises."""
        wishes, limits = self._wishes, self._wishes.limits
        boot = round(fmean(self._boots), 1) if self._boots else None
        asked = await self._desk.scale(
            wishes.pool,
            minimum=limits.minimum,
            maximum=limits.maximum,
            backends=limits.backends,
            wait=limits.wait,
            idle=limits.idle,
            boot=boot,
        )
        fleet = await self._fleet()
        self._learn(fleet)
        following = plan(fleet, asked.wanted, limits.maximum)
        if (following.start or following.drain) and self._said != asked.why:
            self._said = asked.why
            log.info("a fleet changes", pool=wishes.pool, wanted=asked.wanted, why=asked.why)
        await self._carry_out(following)
        late = never_came(fleet, self._seen, self._clock(), wishes.patience)
        for instance in late:
            log.warning("a worker has never told of itself and is stopped", instance=instance.id, where=instance.where)
        await self._provider.stop(late)
        return False

    async def _repeat(self, look: Callable[[], Awaitable[bool]], stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                if await look():
                    return
            except ViewComfyError as fault:
                log.warning("a fleet could not be looked after; it stays as it is", pool=self._wishes.pool, reason=str(fault))
            try:
                async with asyncio.timeout(self._wishes.every):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def _fleet(self) -> Fleet:
        # the instances first: a worker is never there before its instance
        instances = await self._provider.instances()
        workers = (await self._desk.workers()).workers
        return Fleet(instances, [worker for worker in workers if worker.pool == self._wishes.pool])

    async def _carry_out(self, following: Plan) -> None:
        if following.start and self._clock() >= self._hold_until:
            self._starting.update(await self._provider.start(following.start))
        for worker in following.drain:
            await self._drain(worker)
        self._empty = {instance.id: self._empty.get(instance.id, 0) + 1 for instance in following.emptied}
        await self._provider.stop([instance for instance in following.emptied if self._empty[instance.id] >= EMPTY_LOOKS])

    async def _drain(self, worker: WorkerOut) -> None:
        log.info("a worker is let go", worker=worker.name)
        for backend in worker.backends:
            try:
                await self._desk.order_backend(worker.name, backend.name, BackendAction.DRAIN)
            except ViewComfyError as fault:  # gone in the meantime, or it can't be reached: the next look shows
                log.warning("a backend could not be drained", worker=worker.name, backend=backend.name, reason=str(fault))
                return

    def _learn(self, fleet: Fleet) -> None:
        """Take in how long workers took to come, and whether some have ended before they did."""
        now = self._clock()
        there = {instance.id: instance for instance in fleet.instances}
        came = {id for id in there if id not in self._seen and fleet.worker_of(there[id]) is not None}
        if came & self._starting:
            # those that were there before the scaler tell nothing of how long they took
            self._boots.extend(now - there[id].started_at for id in came if there[id].started_at >= self._began)
            self._failures = 0
        failed = {id for id in self._starting if id not in there}
        if failed:
            self._failures = min(self._failures + 1, 16)
            pause = min(LONGEST_WAIT, FAILED_SECONDS * 2**self._failures)
            self._hold_until = now + pause
            log.warning("workers ended before they told of themselves", instances=sorted(failed), next_start_in=pause)
        self._seen = {id for id in self._seen if id in there} | came
        self._starting = _waiting(fleet.instances, self._seen)


def _waiting(instances: Iterable[Instance], seen: set[str]) -> set[str]:
    return {instance.id for instance in instances if instance.id not in seen and not instance.stopping}
