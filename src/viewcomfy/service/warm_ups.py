"""Warm-ups: backends that have started are told what to run before the first job comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from viewcomfy.core.deployments import Deployment
from viewcomfy.core.errors import BadInput, ServerUnavailable, UnknownWorker, ViewComfyError
from viewcomfy.core.needs import has_memory, lacks, needs_of
from viewcomfy.core.scheduling import serves
from viewcomfy.core.warm_up import TIME_LIMIT, warm_up_workflow
from viewcomfy.engine.base import Engine
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.checker import Checker
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.store.turns import Turns

LOOK_SECONDS = 1.0
READ_SECONDS = 5.0
"""How often the deployments are read again while no backend has started."""
TURN = "warm-ups"
GIB = 2**30

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """A backend that is ready, in one of its starts."""

    worker: str
    backend: str
    start: int


class WarmUps:
    """Orders warm-ups. What a backend has been asked for in its present start, it says itself; so nothing needs to be kept.

    Of several servers on a database one gives the orders, by `turns`.
    """

    def __init__(
        self,
        *,
        deployments: DeploymentService,
        catalogs: CatalogService,
        checker: Checker,
        engine: Engine,
        turns: Turns,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deployments = deployments
        self._catalogs = catalogs
        self._checker = checker
        self._engine = engine
        self._turns = turns
        self._clock = clock
        self._read_at = float("-inf")
        self._known: Sequence[Deployment] = ()
        self._starts: frozenset[Start] = frozenset()
        self._refused: set[tuple[Start, str]] = set()

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            try:
                await self.look()
            except ViewComfyError as fault:
                log.warning("warm-ups could not be ordered", reason=fault.message)
            except Exception:  # it is only help: it must not end the server
                log.exception("warm-ups could not be ordered through a fault of ours")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Give the orders that are due now, unless another server is at it."""
        if not await self._due():
            return
        async with self._turns.turn(TURN, patience=0.0) as ours:
            if ours:
                for start, calls in (await self._due()).items():  # anew: another server may have been faster
                    await self._order(start, calls)

    async def _due(self) -> dict[Start, list[Deployment]]:
        """Return what each backend is still to be asked for."""
        backends = {start: (pool, backend) for start, pool, backend in await self._ready()}
        deployments = await self._warm(frozenset(backends))
        due: dict[Start, list[Deployment]] = {}
        for start, (pool, backend) in backends.items() if deployments else ():
            asked = _asked(backend)
            fitting = [one for one in deployments if one.pool == pool and name_of(one) not in asked and await self._fits(one, backend)]
            calls = [one for one in fitting if (start, name_of(one)) not in self._refused]
            if calls:
                due[start] = calls
        return due

    async def _ready(self) -> Iterable[tuple[Start, str, Mapping[str, Any]]]:
        return [
            (Start(worker.name, str(backend.get("name")), int(backend.get("starts") or 0)), worker.pool, backend)
            for worker in await self._engine.workers()
            for backend in worker.backends
            if backend.get("state") == "ready" and not backend.get("draining") and "warm_up" in backend and not worker.facts.get("stopping")
        ]

    async def _warm(self, starts: frozenset[Start]) -> Sequence[Deployment]:
        """Return the deployments that name a warm-up; read again for what has started, and every few seconds."""
        if not starts:
            return ()
        now = self._clock()
        if not starts <= self._starts or now - self._read_at >= READ_SECONDS:
            self._known, self._read_at = await self._deployments.with_warm_up(), now
            self._refused = {refused for refused in self._refused if refused[0] in starts}
        self._starts = starts
        return self._known

    async def _fits(self, deployment: Deployment, backend: Mapping[str, Any]) -> bool:
        """Tell whether a backend may get the deployment's jobs; where what it has is not known yet, it may."""
        if not serves(deployment.environment, str(backend.get("environment") or ""), aside=bool(backend.get("aside"))):
            return False
        if not has_memory((backend.get("vram_total") or 0) / GIB, deployment.memory):
            return False
        revision = backend.get("catalog")
        catalogs = await self._catalogs.with_revisions({revision}) if isinstance(revision, str) else {}
        return not any(lacks(catalog, needs_of(deployment.workflow)) for catalog in catalogs.values())

    async def _order(self, start: Start, deployments: Iterable[Deployment]) -> None:
        for deployment in deployments:
            try:
                order = {"do": "warm", "backend": start.backend, "calls": [await self._call(deployment)]}
                await self._engine.ask(start.worker, order)
            except (ServerUnavailable, UnknownWorker) as fault:
                log.info("a warm-up could not be ordered yet", backend=start.backend, worker=start.worker, reason=fault.message)
                return
            except ViewComfyError as fault:  # it would be the same the next time
                self._refused.add((start, name_of(deployment)))
                level = log.warning if isinstance(fault, BadInput) else log.info
                level("a warm-up can't run", deployment=name_of(deployment), backend=start.backend, reason=fault.message)

    async def _call(self, deployment: Deployment) -> dict[str, Any]:
        inputs = await self._checker.inputs(deployment)
        workflow = warm_up_workflow(deployment.workflow, inputs, deployment.warm_up or {})
        return {"name": name_of(deployment), "workflow": workflow, "time_limit": deployment.time_limit or TIME_LIMIT}


def name_of(deployment: Deployment) -> str:
    """Return what a warm-up is called: it is of one version."""
    return f"{deployment.name}@{deployment.version}"


def _asked(backend: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a backend has been asked for in its present start."""
    told = backend.get("warm_up")
    return tuple(told.get("calls") or ()) if isinstance(told, Mapping) and told.get("start") == backend.get("starts") else ()
