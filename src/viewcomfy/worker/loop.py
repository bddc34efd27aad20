"""The loop of one backend: claim a job, run it, and while short ones run, have the next ones ready in ComfyUI's queue."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.core.deployments import affinity_of
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.jobs import Job
from viewcomfy.core.scheduling import environment_of, models_of
from viewcomfy.core.workflows import model_files
from viewcomfy.engine.base import Claimer, Engine, Lease
from viewcomfy.worker.fitness import FORGET_SECONDS, Fitness
from viewcomfy.worker.runner import Runner, kind_of

SHORT_SECONDS = 1.0
"""A job expected to take less than this may have the next one queued behind it in ComfyUI: the hand-over would cost more."""
AHEAD_SECONDS = 0.2
"""How much work may stand ready in ComfyUI's queue when jobs are shorter than that: enough that the queue never runs dry."""
MAX_AHEAD = 8
START_PATIENCE = 0.5
"""How long a job waits for a backend that is running before another one is started for it, in seconds."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The models of the last job that needed any: as affinities name them, as files, and in which start of the backend."""

    start: int = 0
    models: str = ""
    files: frozenset[str] = frozenset()


class BackendLoop:
    """Feeds one backend. `any_ready` tells whether some backend for the same jobs is up, `fitness` what each of them lacks.

    `catalog` tells the revision of its catalog, None where that is not known. `changed` is called when it has got a job, or one has ended.
    """

    def __init__(
        self,
        *,
        worker: str,
        pool: str,
        backend: Backend,
        engine: Engine,
        runner: Runner,
        any_ready: Callable[[], bool],
        fitness: Fitness,
        catalog: Callable[[], str | None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._backend = backend
        self._engine = engine
        self._runner = runner
        self._any_ready = any_ready
        self._fitness = fitness
        self._catalog = catalog
        self._tell = changed
        self._changed = asyncio.Event()
        self._seconds: dict[str, float] = {}
        self._loaded = _Loaded()
        self._active: dict[Lease, Job | None] = {}
        self._busy_since = 0.0
        self._turns_long: asyncio.TimerHandle | None = None
        self._asked: Claimer | None = None
        self._paused = 0
        self._at_rest = asyncio.Event()
        """It runs nothing and asks for nothing."""
        self.idle = asyncio.Event()
        """It runs no job."""
        self.idle.set()
        self.before_job: Callable[[], bool] = lambda: False
        """Called when a job has come; tells whether something stands in front of it in ComfyUI."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop; return when the running jobs have ended."""
        try:
            async with asyncio.TaskGroup() as jobs:
                waker = jobs.create_task(self._wake_on(stopping))
                while not stopping.is_set():
                    lease = await self._claim()
                    if lease is not None:
                        spare = self.before_job() or bool(self._active)
                        self._active[lease] = None
                        self.idle.clear()
                        jobs.create_task(self._run(lease, spare=spare))
                waker.cancel()
        finally:
            self._at_rest.set()

    @property
    def prompt_ids(self) -> list[str]:
        """The jobs that it has claimed and that have not ended."""
        return [lease.prompt_id for lease in self._active]

    @property
    def warm_models(self) -> list[str]:
        """The model files that the backend has loaded, as far as its jobs tell."""
        return sorted(self._loaded.files) if self._knows_loaded() else []

    def note_loaded(self, workflow: Mapping[str, Any]) -> None:
        """Take in that the backend has run a workflow that is no job's: it has its models loaded."""
        if files := frozenset(model_files(workflow)):
            self._loaded = _Loaded(self._backend.starts, models_of(affinity_of(workflow)), files)
            self._tell()
            self.notice()

    def look(self) -> None:
        """Look again at whether the backend may be given jobs: it is draining now, or no longer."""
        self._changed.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Claim nothing meanwhile."""
        self._paused += 1
        self.look()
        try:
            yield
        finally:
            self._paused -= 1
            self.look()

    async def emptied(self) -> None:
        """Return once no job runs on the backend and none is on its way to it; for while it is draining or paused."""
        await self._at_rest.wait()

    async def _wake_on(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._changed.set()

    async def _claim(self) -> Lease | None:
        """Wait for a job that fits the backend's state; None when the state has changed meanwhile."""
        self._changed.clear()
        if not self._has_room():
            if not self._active:
                self._at_rest.set()
            await self._changed.wait()
            return None
        self._at_rest.clear()
        self._asked = self._claimer()
        claim = asyncio.create_task(self._engine.claim(self._asked))
        change = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait({claim, change}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            change.cancel()
            claim.cancel()  # does nothing to one that is done
            self._asked = None
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
        if self._paused or self._backend.draining:
            return False
        if not self._active:
            return True
        if not self._is_ready() or len(self._active) >= MAX_AHEAD or self._turned_long():
            return False
        return self._expected_seconds() < (SHORT_SECONDS if len(self._active) == 1 else AHEAD_SECONDS)

    def _is_ready(self) -> bool:
        return self._backend.state is BackendState.READY

    def _expected_seconds(self) -> float:
        """Return how long what was claimed will take, by what jobs of its kind took last; infinity where that is not known."""
        return sum(math.inf if job is None else self._seconds.get(kind_of(job), math.inf) for job in self._active.values())

    def _turned_long(self) -> bool:
        """Tell whether what should be short takes long, as a short job does when its models must be loaded anew."""
        return asyncio.get_running_loop().time() - self._busy_since >= SHORT_SECONDS

    def notice(self) -> None:
        """Have the claim that waits asked anew, unless it would ask for the same."""
        if self._asked is None or not self._has_room() or self._claimer() != self._asked:
            self._changed.set()

    def _now_in_front(self) -> None:
        """Set the clock for the job that runs from now on; when it turns out not to be short, nothing more is claimed behind it."""
        loop = asyncio.get_running_loop()
        self._busy_since = loop.time()
        if self._turns_long is not None:
            self._turns_long.cancel()
        self._turns_long = loop.call_later(SHORT_SECONDS, self._changed.set)

    def _claimer(self) -> Claimer:
        unfit = self._fitness.unfit(self._backend.origin)
        warm = frozenset({self._loaded.models}) if self._knows_loaded() and self._loaded.models else frozenset[str]()
        claimer = Claimer(
            self._worker,
            self._pool,
            warm,
            unfit,
            catalog=self._catalog(),
            memory=self._memory(),
            environment=self._backend.environment,
            aside=self._backend.aside,
        )
        if self._active:
            return replace(claimer, rank=1)
        if self._is_ready():
            return claimer
        return replace(claimer, warm=frozenset(), rank=2, patience=START_PATIENCE if self._any_ready() else 0.0)

    def _memory(self) -> float:
        """Return the GiB of the GPU's memory, once ComfyUI has told them; 0 where they are not known."""
        return round((self._backend.info().vram_total or 0) / 2**30, 1)

    def _knows_loaded(self) -> bool:
        return self._is_ready() and self._loaded.start == self._backend.starts

    def _lacks(self, job: Job) -> bool:
        """Note that the backend lacks something that a job needs; tell whether another one may have it."""
        self._fitness.note(self._backend.origin, job.affinity)
        asyncio.get_running_loop().call_later(FORGET_SECONDS, self.notice)  # to ask for such jobs again
        if self._backend.aside and not environment_of(job.affinity):
            return True  # it is no fault of the job's that it came here
        return self._fitness.fits_elsewhere(self._backend.origin, job.affinity)

    async def _run(self, lease: Lease, *, spare: bool) -> None:
        try:
            job = await self._runner.job_of(lease)
            if job is None:
                return
            self._active[lease] = job
            self._tell()
            if not spare:
                self._now_in_front()
            self.notice()
            report = await self._runner.run(lease, job, self._backend, spare=spare, lacks=self._lacks)
            if report is not None:
                self._seconds[report.kind] = report.seconds
                if report.models:
                    self._loaded = _Loaded(self._backend.starts, report.models, frozenset(model_files(job.workflow)))
        finally:
            if next(iter(self._active)) == lease:
                self._now_in_front()
            del self._active[lease]
            if not self._active:
                self.idle.set()
            self._tell()
            self.notice()
