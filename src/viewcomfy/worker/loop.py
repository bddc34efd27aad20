"""The loop of one backend: claim a job, run it, and while a short one runs, have the next one ready in ComfyUI's queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.jobs import Job
from viewcomfy.engine.base import Claimer, Engine, Lease
from viewcomfy.worker.runner import Runner, kind_of

SHORT_SECONDS = 1.0
"""A job expected to take less than this may have the next one queued behind it in ComfyUI: the hand-over would cost more."""
START_PATIENCE = 0.5
"""How long a job waits for a backend that is running before another one is started for it, in seconds."""

log = structlog.get_logger(__name__)


class BackendLoop:
    """Feeds one backend. `any_ready` tells whether some backend of the worker is up."""

    def __init__(self, *, worker: str, pool: str, backend: Backend, engine: Engine, runner: Runner, any_ready: Callable[[], bool]) -> None:
        self._worker = worker
        self._pool = pool
        self._backend = backend
        self._engine = engine
        self._runner = runner
        self._any_ready = any_ready
        self._changed = asyncio.Event()
        self._seconds: dict[str, float] = {}
        self._warm: frozenset[str] = frozenset()
        self._active: dict[Lease, Job | None] = {}
        self._busy_since = 0.0
        self._turns_long: asyncio.TimerHandle | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop; return when the running jobs have ended."""
        async with asyncio.TaskGroup() as jobs:
            waker = jobs.create_task(self._wake_on(stopping))
            while not stopping.is_set():
                lease = await self._claim()
                if lease is not None:
                    spare = bool(self._active)
                    self._active[lease] = None
                    jobs.create_task(self._run(lease, spare=spare))
            waker.cancel()

    async def _wake_on(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._changed.set()

    async def _claim(self) -> Lease | None:
        """Wait for a job that fits the backend's state; None when the state has changed meanwhile."""
        self._changed.clear()
        if not self._has_room():
            await self._changed.wait()
            return None
        claim = asyncio.create_task(self._engine.claim(self._claimer()))
        change = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait({claim, change}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            change.cancel()
            claim.cancel()  # does nothing to one that is done
        await asyncio.wait({claim})
        if claim.cancelled():
            return None
        fault = claim.exception()
        if not isinstance(fault, ViewComfyError):
            return claim.result()
        log.warning("no job could be claimed", reason=str(fault))
        await asyncio.sleep(1)
        return None

    def _has_room(self) -> bool:
        return not self._active or (len(self._active) == 1 and self._is_ready() and self._runs_a_short_job())

    def _is_ready(self) -> bool:
        return self._backend.state is BackendState.READY

    def _runs_a_short_job(self) -> bool:
        """Tell whether what runs is known to be short, and has been so far: a short job turns long when its models must be loaded anew."""
        if asyncio.get_running_loop().time() - self._busy_since >= SHORT_SECONDS:
            return False
        return all(job is not None and self._seconds.get(kind_of(job), SHORT_SECONDS) < SHORT_SECONDS for job in self._active.values())

    def _now_in_front(self) -> None:
        """Set the clock of the job that runs now; when it turns out not to be short, nothing more is claimed behind it."""
        loop = asyncio.get_running_loop()
        self._busy_since = loop.time()
        if self._turns_long is not None:
            self._turns_long.cancel()
        self._turns_long = loop.call_later(SHORT_SECONDS, self._changed.set)

    def _claimer(self) -> Claimer:
        if self._active:
            return Claimer(self._worker, self._pool, self._warm, rank=1)
        if self._is_ready():
            return Claimer(self._worker, self._pool, self._warm, rank=0)
        patience = START_PATIENCE if self._any_ready() else 0.0
        return Claimer(self._worker, self._pool, frozenset(), rank=2, patience=patience)

    async def _run(self, lease: Lease, *, spare: bool) -> None:
        try:
            job = await self._runner.job_of(lease)
            if job is None:
                return
            self._active[lease] = job
            if not spare:
                self._now_in_front()
            if self._runs_a_short_job():
                self._changed.set()  # there is room for one more
            report = await self._runner.run(lease, job, self._backend, spare=spare)
            if report is not None:
                self._seconds[report.kind] = report.seconds
                self._warm = frozenset({report.affinity}) if report.affinity else self._warm
        finally:
            self._active.pop(lease, None)
            self._now_in_front()
            self._changed.set()
