"""Warming runs the warm-up calls of deployments on a backend that has just started, as long as no job wants it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.core.errors import BackendCrashed, BackendUnresponsive, BadInput, TimedOut, ViewComfyError
from viewcomfy.core.warm_up import TIME_LIMIT
from viewcomfy.core.workflows import check_workflow, model_files
from viewcomfy.worker.loop import BackendLoop
from viewcomfy.worker.warm_run import Disturbed, Lost, WarmRun

QUIET_SECONDS = 0.5
"""For so long no job must have come before a warm-up begins: one that waits is claimed sooner."""
MOST_TRIES = 3
"""How often a warm-up is begun on one start of a backend when jobs come in between."""

HARMFUL = (BackendCrashed, BackendUnresponsive, TimedOut)
"""What ends a ComfyUI, or may."""

State = Literal["waiting", "running", "done", "failed"]
Spawn = Callable[[Coroutine[Any, Any, None]], object]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WarmCall:
    """One warm-up: `name` is `deployment@version`, `time_limit` in seconds."""

    name: str
    workflow: Mapping[str, Any]
    time_limit: float = TIME_LIMIT


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How the last warm-up of a backend went, or goes."""

    state: State
    deployment: str
    seconds: float | None = None
    error: str | None = None


def read_calls(value: Any) -> list[WarmCall]:
    """Read the calls of an order. Raises BadInput, InvalidWorkflow."""
    if not isinstance(value, list) or not all(isinstance(call, dict) and isinstance(call.get("name"), str) for call in value):
        raise BadInput("The calls of a warm-up must be a list of objects with a name and a workflow.")
    return [WarmCall(call["name"], check_workflow(call.get("workflow")), float(call.get("time_limit") or TIME_LIMIT)) for call in value]


class Warming:
    """Warms one backend. A call runs once on each start of it, and never again once it has brought a ComfyUI down.

    A job that comes meanwhile goes first: the warm-up is interrupted, keeping what is loaded, and taken up again when nothing runs.
    `changed` is called when what is shown has changed.
    """

    def __init__(self, *, backend: Backend, loop: BackendLoop, changed: Callable[[], None]) -> None:
        self._backend = backend
        self._loop = loop
        self._changed = changed
        self._start = 0
        self._asked: dict[str, None] = {}
        self._waiting: deque[WarmCall] = deque()
        self._tries: dict[str, int] = {}
        self._harmful: dict[str, str] = {}
        self._is_working = False
        self._last: WarmUp | None = None
        self._disturbed = asyncio.Event()
        self._running: WarmRun | None = None
        loop.before_job = self._make_way

    def order(self, calls: Iterable[WarmCall], spawn: Spawn) -> None:
        """Take on those calls that this start of the backend has not had; `spawn` takes the task that runs them."""
        if self._backend.state is not BackendState.READY:
            return
        if self._start != self._backend.starts:
            self._begin_anew()
        for call in calls:
            if call.name not in self._asked:
                self._asked[call.name] = None
                self._take_on(call)
        if self._waiting and not self._is_working:
            self._is_working = True
            spawn(self._work())

    def shown(self) -> dict[str, Any] | None:
        """Return what there is to tell about this start: `calls` are all that were asked for. None: nothing was."""
        if self._start != self._backend.starts or not self._asked:
            return None
        last = self._last or WarmUp("waiting", next(iter(self._asked)))
        told = {"state": last.state, "deployment": last.deployment, "seconds": last.seconds, "error": last.error}
        return told | {"start": self._start, "calls": list(self._asked)}

    def _begin_anew(self) -> None:
        self._start = self._backend.starts
        self._asked, self._tries, self._last = {}, {}, None
        self._waiting.clear()

    def _take_on(self, call: WarmCall) -> None:
        reason = self._harmful.get(call.name)
        if reason is None:
            self._waiting.append(call)
        else:
            self._show(WarmUp("failed", call.name, error=f"It is not tried again: {reason}"))

    def _make_way(self) -> bool:
        """Take in that a job has come; tell whether it finds a warm-up in front of it."""
        self._disturbed.set()
        return self._running is not None

    async def _work(self) -> None:
        try:
            while self._waiting and self._is_current():
                if await self._quiet() and self._is_current():
                    await self._one(self._waiting.popleft())
        except Exception:  # it is only help: it must not end the worker
            log.exception("a warm-up failed through a fault of ours", backend=self._backend.name)
        finally:
            self._is_working = False

    def _is_current(self) -> bool:
        return self._backend.state is BackendState.READY and self._start == self._backend.starts

    async def _quiet(self) -> bool:
        """Wait until no job runs; tell whether none has come for a moment then."""
        await self._loop.idle.wait()
        self._disturbed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                await self._disturbed.wait()
        return self._loop.idle.is_set() and not self._backend.draining

    async def _one(self, call: WarmCall) -> None:
        files = model_files(call.workflow)
        if files and files <= set(self._loop.warm_models):
            self._show(WarmUp("done", call.name, 0.0))  # a job was faster
            return
        self._tries[call.name] = self._tries.get(call.name, 0) + 1
        self._show(WarmUp("running", call.name))
        begun = time.monotonic()
        self._running = WarmRun(self._backend, call.workflow, call.time_limit, self._disturbed, self._loop.paused)
        try:
            await self._running.run()
        except Disturbed:
            self._put_off(call)
        except Lost:  # it was stopped: nothing is wrong
            self._last = None
        except ViewComfyError as fault:
            self._fail(call, fault, round(time.monotonic() - begun, 3))
        else:
            seconds = round(time.monotonic() - begun, 3)
            log.info("a backend is warm", backend=self._backend.name, deployment=call.name, seconds=seconds)
            self._loop.note_loaded(call.workflow)
            self._show(WarmUp("done", call.name, seconds))
        finally:
            self._running = None

    def _put_off(self, call: WarmCall) -> None:
        if self._tries[call.name] < MOST_TRIES:
            self._waiting.append(call)
            self._show(WarmUp("waiting", call.name))
        else:
            self._show(WarmUp("failed", call.name, error="Jobs have interrupted it too often."))

    def _fail(self, call: WarmCall, fault: ViewComfyError, seconds: float) -> None:
        log.warning("a warm-up failed", backend=self._backend.name, deployment=call.name, seconds=seconds, reason=fault.message)
        if isinstance(fault, HARMFUL):
            self._harmful[call.name] = fault.message
        self._show(WarmUp("failed", call.name, seconds, fault.message))

    def _show(self, warm_up: WarmUp) -> None:
        self._last = warm_up
        self._changed()
