"""Scaling: how many workers a pool wants, from its jobs, the workers that are there, and what was needed of late."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.scaling import Decision, Limits, Load, Memory, decide, startable
from viewcomfy.engine.base import Engine, WorkerInfo
from viewcomfy.store.meta import MetaRows
from viewcomfy.store.scale import ScaleRows, Standing

RECENT = 50
"""So many of the last jobs tell how long one takes; half as many or fewer cold starts how long those do."""


@dataclass(frozen=True, slots=True)
class PoolScale:
    """How a pool stands and how many workers it wants. `pending` counts every job that waits, `load.waiting` those that could start."""

    pool: str
    pending: int
    running: int
    load: Load
    limits: Limits
    decision: Decision


class ScaleService:
    """Answers how many workers a pool wants; what it remembers lies in the store, so that any server gives the same answer."""

    def __init__(self, *, rows: ScaleRows, meta: MetaRows, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._rows = rows
        self._meta = meta
        self._engine = engine
        self._clock = clock

    async def look(self, pool: str, limits: Limits | None = None, *, boot: float = 0.0, remember: bool = True) -> PoolScale:
        """Return how a pool stands and how many workers it wants, by these limits or the default ones.

        A new worker is there after `boot` seconds; the start of a ComfyUI comes on top, as long as it took lately. Somebody who only
        wants to see the figures, and does not act on them, does not `remember`.
        """
        limits = limits or Limits()
        now = self._clock()
        standing, workers = await self._rows.standing(pool), await self._engine.workers(pool)
        load = _load(standing, workers, boot, now)
        name = f"scale:{pool}:{limits.backends}:{limits.wait:g}:{limits.idle:g}"  # what another question needed is of no use here
        before = _memory(await self._meta.get(name))
        decision = decide(load, limits, before, now)
        if remember and decision.memory != before:
            await self._meta.set(name, json.dumps(decision.memory.peaks))
        return PoolScale(pool, sum(standing.waiting.values()), sum(standing.running.values()), load, limits, decision)


def _load(standing: Standing, workers: Sequence[WorkerInfo], boot: float, now: float) -> Load:
    busy, idle, working, spare = set(standing.workers), 0, 0, 0
    for worker in workers:
        leaves = bool(worker.facts.get("stopping"))  # it may be shown for some seconds more than it is there
        backends = [backend for backend in worker.backends if not leaves and not backend.get("draining") and not _is_spare_part(backend)]
        at_work = sum(bool(backend.get("prompt_ids")) for backend in backends)
        if worker.name in standing.workers or any(backend.get("prompt_ids") for backend in worker.backends):
            busy.add(worker.name)
            # the rows are newer than what a worker has told: one that has just claimed is at work
            working += (at_work := min(max(at_work, 1), len(backends)))
            spare += len(backends) - at_work
        elif backends:
            idle += 1
    return Load(
        waiting=startable(standing.waiting, standing.running, standing.max_running),
        oldest_wait=0.0 if standing.oldest is None else max(0.0, now - standing.oldest),
        busy=len(busy),
        idle=idle,
        working=working,
        spare=spare,
        job_seconds=_mean(standing.seconds[:RECENT]),
        cold_start=boot + (_mean(standing.cold_starts[: RECENT // 2]) or 0.0),
    )


def _is_spare_part(backend: Mapping[str, Any]) -> bool:
    """Tell whether a backend is idle and there for jobs alone that name its environment: most of what waits is nothing for it."""
    return bool(backend.get("aside")) and not backend.get("prompt_ids")


def _mean(seconds: Sequence[float]) -> float | None:
    return sum(seconds) / len(seconds) if seconds else None


def _memory(text: str | None) -> Memory:
    return Memory(tuple((at, number) for at, number in json.loads(text or "[]")))
