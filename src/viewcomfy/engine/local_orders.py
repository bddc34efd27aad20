"""Orders to workers: each is answered by whoever serves the worker's name in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from viewcomfy.core.errors import InternalError, ServerUnavailable, UnknownWorker, ViewComfyError
from viewcomfy.engine.base import Answerer

Reply = asyncio.Future[Mapping[str, Any]]

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class _Server:
    """Somebody who answers; the group owns what is being answered."""

    answer: Answerer
    group: asyncio.TaskGroup

    def begin(self, order: Mapping[str, Any]) -> Reply:
        """Have an order answered, whether or not the reply is waited for."""
        reply: Reply = asyncio.get_running_loop().create_future()
        self.group.create_task(self._carry_out(order, reply))
        return reply

    async def _carry_out(self, order: Mapping[str, Any], reply: Reply) -> None:
        result: Mapping[str, Any] | ViewComfyError = ServerUnavailable("The worker is shutting down.", retry_after=1.0)
        try:
            result = await self.answer(order)
        except ViewComfyError as fault:
            result = fault
        except Exception as fault:  # it belongs to the asker: it must not end the one who serves
            log.exception("an order failed through a fault of ours", order=dict(order))
            result = InternalError(f"The worker failed: {type(fault).__name__}.", hint="Its log has the trace.")
        finally:
            if not reply.done():
                reply.set_exception(result) if isinstance(result, ViewComfyError) else reply.set_result(result)


class Orders:
    """Who serves which worker; `is_there` tells whether a worker is present at all."""

    def __init__(self, is_there: Callable[[str], bool]) -> None:
        self._is_there = is_there
        self._servers: dict[str, _Server] = {}

    async def ask(self, worker: str, order: Mapping[str, Any], patience: float) -> Mapping[str, Any]:
        """Return a worker's answer to an order; see the protocol."""
        server = self._servers.get(worker)
        if server is None and not self._is_there(worker):
            raise UnknownWorker(f"No worker {worker[:80]!r} is there.", hint="GET /api/workers lists those that are.")
        if server is None:
            raise ServerUnavailable(f"The worker {worker} does not take orders now.", hint="Try again in a moment.", retry_after=1.0)
        reply = server.begin(order)
        try:
            async with asyncio.timeout(patience):
                return await reply
        except TimeoutError as late:
            raise ServerUnavailable(f"The worker {worker} did not answer within {patience:g} s.", retry_after=1.0) from late

    async def serve(self, worker: str, answer: Answerer) -> None:
        """Answer what this worker is asked, for ever; see the protocol."""
        async with asyncio.TaskGroup() as group:
            server = self._servers[worker] = _Server(answer, group)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                if self._servers.get(worker) is server:
                    del self._servers[worker]
