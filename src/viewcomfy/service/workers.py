"""Workers: what is there to run jobs, how much waits, and orders to single backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viewcomfy.core.backends import BackendAction
from viewcomfy.engine.base import Engine, WorkerInfo


class WorkerService:
    """Look at the workers, and tell their backends what to do. `may_come` says that more may join while it runs."""

    def __init__(self, engine: Engine, *, may_come: bool = False) -> None:
        self.may_come = may_come
        self._engine = engine

    async def overview(self) -> tuple[list[WorkerInfo], int]:
        """Return the workers that are there and the number of waiting jobs."""
        return await self._engine.workers(), await self._engine.queue_length()

    async def order(self, worker: str, backend: str, action: BackendAction) -> Mapping[str, Any]:
        """Have a backend do something and return how it stands now; what takes longer goes on by itself.

        Raises UnknownWorker, UnknownBackend, NotManaged, or ServerUnavailable when the worker does not answer.
        """
        return await self._engine.ask(worker, {"order": action.value, "backend": backend})

    async def logs(self, worker: str, backend: str, after: int) -> Mapping[str, Any]:
        """Return what a backend has printed after the line with this number: `lines`, and `next` to ask for later ones.

        Raises UnknownWorker, UnknownBackend, or ServerUnavailable when the worker does not answer.
        """
        return await self._engine.ask(worker, {"order": "logs", "backend": backend, "after": after})
