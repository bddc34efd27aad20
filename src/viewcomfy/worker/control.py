"""Control of one backend: start, stop, drain, restart, whatever it is doing at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.core.backends import BackendAction
from viewcomfy.core.errors import NotManaged, ViewComfyError
from viewcomfy.worker.loop import BackendLoop
from viewcomfy.worker.runner import Runner
from viewcomfy.worker.warming import Warming

STOPPED = "ComfyUI is being stopped by hand; the job goes back to the queue."
UP = (BackendState.STARTING, BackendState.READY)
Spawn = Callable[[Coroutine[Any, Any, None]], object]

log = structlog.get_logger(__name__)


class Control:
    """Carries out orders to one backend, one after the other; the last one decides what becomes of it.

    `changed` is called when what is shown of the backend has changed in another way than by its state.
    """

    def __init__(self, *, backend: Backend, loop: BackendLoop, runner: Runner, changed: Callable[[], None]) -> None:
        self.backend = backend
        self.warming = Warming(backend=backend, loop=loop, changed=changed)
        self._loop = loop
        self._runner = runner
        self._changed = changed
        self._lock = asyncio.Lock()
        self._newest = object()
        self._superseded = asyncio.Event()
        self._is_restarting = False

    def order(self, action: BackendAction, spawn: Spawn) -> None:
        """Begin with an order; `spawn` takes the tasks that carry it out. Raises NotManaged."""
        if not self.backend.is_managed and action in (BackendAction.STOP, BackendAction.RESTART):
            raise NotManaged(
                f"{self.backend.name} is a ComfyUI that viewcomfy did not start, so it can't {action} it.",
                hint="Drain it to have it get no more jobs, and stop it where it was started.",
            )
        if action is not BackendAction.STOP or self._is_restarting:  # a stopped one gets jobs again if it got some before
            self.backend.draining = action in (BackendAction.DRAIN, BackendAction.RESTART)
        self._is_restarting = action is BackendAction.RESTART
        self._superseded.set()
        self._superseded = asyncio.Event()
        self._newest = order = object()
        self._loop.look()
        self._changed()
        spawn(self._carry_out(action, order, self._superseded, spawn))

    async def renew(self, change: Callable[[], None]) -> bool | None:
        """Let its jobs end, stop it and `change` what it is started from; return whether it is to be started again.

        It claims nothing meanwhile. Returns None where somebody's order to it came first: then nothing was changed.
        """
        superseded = self._superseded
        if self._lock.locked():
            return None
        async with self._lock:
            with self._loop.paused():
                if not await self._emptied(superseded):
                    return None
                was_up = self.backend.state in UP
                await self.backend.stop()
                while self.backend.state in UP:  # somebody has started it in that moment
                    await self.backend.stop()
                change()
                return was_up and not self.backend.draining

    async def _carry_out(self, action: BackendAction, order: object, superseded: asyncio.Event, spawn: Spawn) -> None:
        async with self._lock:
            log.info("an order to a backend", backend=self.backend.name, order=action.value)
            if action is BackendAction.STOP:  # also when another order has come: jobs may have to be got away from it
                await self._stop()
            elif action is BackendAction.START:
                self._start_if(order, spawn)
            elif await self._emptied(superseded) and self.backend.is_managed:
                await self.backend.stop()
                if action is BackendAction.RESTART:
                    self._start_if(order, spawn)

    def _start_if(self, order: object, spawn: Spawn) -> None:
        """Start it, unless a newer order has come; not awaited here: that order must not wait for the start."""
        if order is self._newest:
            self.backend.draining = self._is_restarting = False
            self._loop.look()
            self._changed()
            spawn(self._start())

    async def _start(self) -> None:
        try:
            await self.backend.start_now()
        except ViewComfyError as fault:
            log.warning("a backend could not be started", backend=self.backend.name, reason=fault.message)
        except Exception:
            log.exception("a backend could not be started through a fault of ours", backend=self.backend.name)

    async def _stop(self) -> None:
        """End it now; its jobs are given back first, and it claims none of them again before it is gone."""
        with self._loop.paused():
            async with self._runner.giving_back(self.backend, STOPPED):
                await self.backend.stop()
                await self._loop.emptied()

    async def _emptied(self, superseded: asyncio.Event) -> bool:
        """Wait for the running jobs to end; return False when a newer order comes first."""
        waits = [asyncio.create_task(self._loop.emptied()), asyncio.create_task(superseded.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return not superseded.is_set()
