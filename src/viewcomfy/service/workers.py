"""Workers: what is there to run jobs, and how much waits."""

from __future__ import annotations

from viewcomfy.engine.base import Engine, WorkerInfo


class WorkerService:
    """Look at the workers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def overview(self) -> tuple[list[WorkerInfo], int]:
        """Return the workers that are there and the number of waiting jobs."""
        return await self._engine.workers(), await self._engine.queue_length()
