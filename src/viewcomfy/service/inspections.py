"""Inspections: every worker is asked what its backends have, wherever it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from viewcomfy.core.errors import UnknownWorker, ViewComfyError
from viewcomfy.engine.base import Engine

INSPECT = {"do": "inspect"}
PATIENCE = 600.0
"""Seconds that a worker may take: one of its backends may have to be started for it."""
LOOK_SECONDS = 2.0
"""Seconds after which it is looked whether a worker that has not answered is still there."""
NEWS_SECONDS = 2.0
"""Seconds by which a worker's news of itself may come later than its answer."""


class Inspections:
    """Asks workers through the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def ask_all(self) -> list[ViewComfyError]:
        """Have every worker say what its backends have, so that `workers` shows it; return the faults of those that could not."""
        asks = {worker.name: asyncio.create_task(self._ask(worker.name)) for worker in await self._engine.workers() if worker.backends}
        try:
            while waiting := {ask for ask in asks.values() if not ask.done()}:
                await asyncio.wait(waiting, timeout=LOOK_SECONDS)
                there = {worker.name for worker in await self._engine.workers()}
                for name in asks.keys() - there:  # it would never answer
                    asks.pop(name).cancel()
        finally:
            for ask in asks.values():
                ask.cancel()  # does nothing to one that is done
        return [fault for ask in asks.values() if (fault := ask.result()) is not None]

    async def _ask(self, worker: str) -> ViewComfyError | None:
        try:
            answer = await self._engine.ask(worker, INSPECT, patience=PATIENCE)
        except UnknownWorker:  # it has just gone
            return None
        except ViewComfyError as fault:
            return fault
        if isinstance(catalogs := answer.get("catalogs"), Mapping):
            await self._shown(worker, catalogs)
        return None

    async def _shown(self, worker: str, catalogs: Mapping[str, object]) -> None:
        """Wait for what a worker has answered to be what everybody sees of it; it may also have changed again by then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(NEWS_SECONDS):
                while dict(catalogs) != await self._seen(worker):  # noqa: ASYNC110 - what engines tell is asked for
                    await asyncio.sleep(0.02)

    async def _seen(self, worker: str) -> dict[str, object]:
        backends = [backend for info in await self._engine.workers() if info.name == worker for backend in info.backends]
        return {str(backend.get("name")): backend.get("catalog") for backend in backends}
