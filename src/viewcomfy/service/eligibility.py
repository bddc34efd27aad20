"""Eligibility is which backends have what a job needs, as far as their catalogs tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.needs import Needs, has_memory, lacks
from viewcomfy.core.scheduling import environment_of
from viewcomfy.engine.base import Engine
from viewcomfy.service.catalogs import CatalogService, takes
from viewcomfy.service.verdicts import Pair, Verdicts
from viewcomfy.store.needs import NeedsRows

LOOK_SECONDS = 5.0
PAUSE = 0.1
"""Seconds between two rounds of answers: what nobody knows is asked about again with every claim."""
RECHECK_SECONDS = 60.0
"""How often at most the backends are asked anew what they have, while jobs wait that none of them could run."""
LOOK_SOON = 0.5
"""The same where nobody will come who could have what is missing: the first backend that tries says what it is."""
PATIENCE = 900.0
"""Seconds in which a worker that was away may well be back."""
TOLD_SECONDS = 5.0
"""How long an answer about a pool may be used again."""
KEPT = 1_000
GIB = 2**30

log = structlog.get_logger(__name__)


class Eligibility:
    """Feeds `verdicts` with what it asks about, and sees to it that no job waits for ever for a backend that never comes.

    `patience` is for how many seconds jobs wait for a backend that has what they need, before any may try.
    """

    def __init__(
        self,
        verdicts: Verdicts,
        rows: NeedsRows,
        catalogs: CatalogService,
        engine: Engine,
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verdicts = verdicts
        self._rows = rows
        self._catalogs = catalogs
        self._engine = engine
        self._patience = patience
        self._look_every = LOOK_SECONDS if patience else LOOK_SOON
        self._clock = clock
        self._needs: dict[str, Needs] = {}
        self._told: dict[Pair, tuple[str, float]] = {}
        self._alone: dict[Pair, float] = {}
        self._asked_at = float("-inf")

    async def note(self, affinity: str, needs: Callable[[], Needs]) -> None:
        """Write down what an affinity stands for, once; a store that can't take it does no harm."""
        if affinity and affinity not in self._needs:
            what = needs()
            with suppress(ViewComfyError):
                await self._rows.note(affinity, what)
                self._remember(affinity, what)

    async def nobody(self, pool: str, affinity: str) -> str:
        """Return what keeps every backend of a pool from running such jobs, as a sentence; empty where one may, or nothing is known."""
        told = self._told.get((pool, affinity))
        if told is None or self._clock() >= told[1]:
            needs = await self._needs_of(affinity)
            told = (await self.missing(pool, needs) if needs else "", self._clock() + TOLD_SECONDS)
            self._told[pool, affinity] = told
            _trim(self._told)
        return told[0]

    async def missing(self, pool: str, needs: Needs) -> str:
        """Return what keeps every backend of a pool from running what has these needs, as a sentence; empty where one may."""
        backends = [backend for worker in await self._engine.workers(pool) for backend in worker.backends if not backend.get("draining")]
        if not backends:
            return f"No worker of the pool {pool!r} is there, and its jobs need one."
        backends = [backend for backend in backends if takes(backend, needs.environment)]
        if not backends:
            return _no_environment(pool, needs.environment)
        revisions = {revision for backend in backends if isinstance(revision := backend.get("catalog"), str)}
        catalogs = await self._catalogs.with_revisions(revisions)
        lacking = {revision: lacks(catalog, needs) for revision, catalog in catalogs.items()}
        reasons = [_reason(backend, needs, lacking) for backend in backends]
        if not all(reasons):
            return ""
        return f"No backend of the pool {pool!r} has what it needs: {min(reasons, key=len)}."

    async def run(self) -> None:
        """Answer what the verdicts ask, and look after jobs that nobody can run, for ever."""
        self._verdicts.bind(asyncio.get_running_loop())
        look_at = self._clock()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_every):
                    await self._verdicts.asked.wait()
            try:
                await self.answer()
                if self._clock() >= look_at:
                    await self.look()
                    look_at = self._clock() + self._look_every
                await asyncio.sleep(PAUSE)
            except ViewComfyError as fault:
                log.warning("which backends fit which jobs could not be found out", reason=str(fault))
                await asyncio.sleep(LOOK_SECONDS)
            except Exception:  # jobs go on without it: it must not end the server
                log.exception("which backends fit which jobs could not be found out through a fault of ours")
                await asyncio.sleep(LOOK_SECONDS)

    async def answer(self) -> None:
        """Answer the questions that there are."""
        asked = self._verdicts.take()
        found = await self._catalogs.with_revisions({revision for revision, _ in asked})
        for revision, affinity in asked:
            needs, catalog = await self._needs_of(affinity), found.get(revision)
            if needs and catalog:
                self._verdicts.give(revision, affinity, fits=not lacks(catalog, needs))

    async def look(self) -> None:
        """Look at the jobs that were refused to some backend: where none fits, ask them anew, and in the end let any of them try."""
        now = self._clock()
        refused = self._verdicts.refused(now)
        alone = [pair for pair in refused if await self.nobody(*pair)]
        self._alone = {pair: self._alone.get(pair, now) for pair in alone}
        opened = [pair for pair, since in self._alone.items() if now - since >= self._patience]
        self._verdicts.open(opened, [pair for pair in opened if await self._is_homeless(*pair)])
        if self._alone and now - self._asked_at >= RECHECK_SECONDS:
            self._asked_at = now
            log.warning("jobs wait for what no backend has", pools=sorted({pool for pool, _ in self._alone}), kinds=len(self._alone))
            await self._catalogs.refresh(RECHECK_SECONDS)

    async def _is_homeless(self, pool: str, affinity: str) -> bool:
        """Tell whether jobs name an environment that no backend of their pool has."""
        wanted = environment_of(affinity)
        return bool(wanted) and not any(
            takes(backend, wanted) for worker in await self._engine.workers(pool) for backend in worker.backends
        )

    async def _needs_of(self, affinity: str) -> Needs | None:
        if affinity not in self._needs:
            for name, what in (await self._rows.some([affinity])).items():
                self._remember(name, what)
        return self._needs.get(affinity)

    def _remember(self, affinity: str, needs: Needs) -> None:
        self._needs[affinity] = needs
        _trim(self._needs)


def _no_environment(pool: str, environment: str) -> str:
    if not environment:
        return f"Every backend of the pool {pool!r} is for jobs that name its environment, and these name none."
    return (
        f"No backend of the pool {pool!r} has the environment {environment}: `viewcomfy env apply` on a worker's machine brings it there."
    )


def _reason(backend: Mapping[str, Any], needs: Needs, lacking: Mapping[str, tuple[str, ...]]) -> str:
    """Return what a backend lacks, in words; empty where it may have everything."""
    total = backend.get("vram_total")
    memory = total / GIB if isinstance(total, (int, float)) else 0.0
    missing = list(lacking.get(str(backend.get("catalog")), ()))
    if not has_memory(memory, needs.memory):
        missing.append(f"{needs.memory:g} GiB of GPU memory (there are {memory:.1f})")
    return _listed(missing)


def _listed(words: Iterable[str], most: int = 5) -> str:
    words = list(words)
    more = [f"{len(words) - most} more"] if len(words) > most else []
    return ", ".join([*words[:most], *more])


def _trim(book: dict[Any, Any]) -> None:
    while len(book) > KEPT:
        del book[next(iter(book))]
