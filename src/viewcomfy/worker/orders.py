"""Orders to a worker: what it is asked through the engine about its backends and what they have."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from viewcomfy.comfy.backend import Backend
from viewcomfy.core.backends import BackendAction
from viewcomfy.core.errors import Conflict, UnknownBackend
from viewcomfy.engine.base import Answerer, Engine
from viewcomfy.worker.control import Control
from viewcomfy.worker.warming import read_calls

LOGS = "logs"
INSPECT = "inspect"
WARM = "warm"
SETTLE_SECONDS = 0.05
"""How long an answer waits, so that it shows what an order does at once: that a start has begun, that an idle backend is gone."""


class Orders:
    """Answers what a worker is asked.

    `controls` are those of the backends that there are at any time, by name.
    `show` says how a backend stands, `announce` tells everybody, `inspect` has every backend say anew what it has.
    `others` answer orders of theirs, by what these tell to do.
    """

    def __init__(
        self,
        worker: str,
        controls: Mapping[str, Control],
        engine: Engine,
        *,
        show: Callable[[Backend], Mapping[str, Any]],
        announce: Callable[[], Awaitable[None]],
        inspect: Callable[[], Awaitable[None]],
        others: Mapping[str, Answerer] | None = None,
    ) -> None:
        self._worker = worker
        self._controls = controls
        self._engine = engine
        self._show = show
        self._announce = announce
        self._inspect = inspect
        self._others = dict(others or {})

    async def run(self) -> None:
        """Answer for ever, and see to it that what was begun goes on."""
        async with asyncio.TaskGroup() as tasks:

            async def answer(order: Mapping[str, Any]) -> Mapping[str, Any]:
                if order.get("do") == INSPECT:
                    await self._inspect()
                    return {"catalogs": {name: self._show(control.backend).get("catalog") for name, control in self._controls.items()}}
                if (other := self._others.get(str(order.get("do")))) is not None:
                    return await other(order)
                control = self._find(str(order.get("backend")))
                if order.get("do") == WARM:
                    control.warming.order(read_calls(order.get("calls")), tasks.create_task)
                    await self._announce()
                    return self._show(control.backend)
                if order.get("order") == LOGS:
                    lines, following = control.backend.log.since(int(order.get("after") or 0))
                    return {"lines": [asdict(line) for line in lines], "next": following}
                control.order(_action(order.get("order")), tasks.create_task)
                await asyncio.sleep(SETTLE_SECONDS)
                await self._announce()
                return self._show(control.backend)

            await self._engine.serve(self._worker, answer)

    def _find(self, name: str) -> Control:
        control = self._controls.get(name)
        if control is None:
            raise UnknownBackend(
                f"The worker {self._worker} has no backend {name[:80]!r}.", hint=f"It has: {', '.join(self._controls) or 'none'}."
            )
        return control


def _action(value: object) -> BackendAction:
    try:
        return BackendAction(str(value))
    except ValueError as fault:
        raise Conflict(f"This worker does not know the order {value!r}.", hint="It may be older than the server: update it.") from fault
