"""Errands are changes that are carried out to their end, whether or not who began them waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

import structlog

from viewcomfy.core.errors import ServerUnavailable, ViewComfyError

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def stop(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for its end; again and again, because what it awaits may swallow a cancellation (asyncio.wait_for does)."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)


class Errands:
    """Owns tasks. Use it as an async context manager: leaving it waits until all of them have ended."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        group, self._group = self._group, None
        if group is not None:
            await group.__aexit__(None, None, None)

    @property
    def is_open(self) -> bool:
        """Tell whether errands are taken."""
        return self._group is not None

    def check(self) -> None:
        """Raise ServerUnavailable when errands are not taken."""
        if self._group is None:
            raise ServerUnavailable("The engine is not running.", retry_after=1.0)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin something that nobody waits for; what it raises ends them all."""
        if self._group is None:
            work.close()
            raise ServerUnavailable("The engine is not running.", retry_after=1.0)
        return self._group.create_task(work)

    async def finish(self, change: Coroutine[Any, Any, T]) -> T:
        """Return what a change returns, or raise what it raises; it goes on when the caller goes away."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def carry_out() -> None:
            try:
                result = await change
            except Exception as fault:  # whatever it is belongs to the caller: it must not end the others
                if not done.cancelled():
                    done.set_exception(fault)
                elif not isinstance(fault, ViewComfyError):
                    log.exception("a change of a job failed")
            else:
                if not done.cancelled():
                    done.set_result(result)

        if self._group is None:
            change.close()
            self.check()
        self.start(carry_out())
        return await done
