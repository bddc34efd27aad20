"""Run a leased job on a backend to its end: one answer, whatever happens on the way."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from viewcomfy.comfy.backend import Backend
from viewcomfy.core.errors import (
    BackendCrashed,
    BackendUnresponsive,
    DiskFull,
    InternalError,
    JobCanceled,
    MissingModel,
    NoBackend,
    OutOfMemory,
    ServerUnavailable,
    StaleLease,
    UnknownEnvironment,
    UnknownNodeClass,
    ViewComfyError,
)
from viewcomfy.core.events import log_event
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.core.scheduling import environment_of, models_of, serves
from viewcomfy.core.tracing import NoTracer, Tracer
from viewcomfy.engine.base import Engine, Lease
from viewcomfy.files.base import Files
from viewcomfy.worker.execution import Execution, NotStarted
from viewcomfy.worker.job_trace import JobTrace

RETRYABLE = (BackendCrashed, BackendUnresponsive, NoBackend, OutOfMemory, ServerUnavailable)
"""Faults of the backend or of what the worker needs, not of the job: it may succeed at another attempt."""
LACKING = (UnknownEnvironment, UnknownNodeClass, MissingModel)
"""Faults that another ComfyUI may not have."""
RETRY_SECONDS = 1.0
RELEASE_GRACE = 1.0
"""Seconds that a job gets to be interrupted when the worker must stop now."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between attempts to write down how a job ended: each pause is twice as long as the one before."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run taught about jobs of its kind: how long they take, and which models are loaded now."""

    kind: str
    seconds: float
    models: str


class Runner:
    """Runs jobs, keeps their leases meanwhile, and tells `ended` of each that is over."""

    def __init__(
        self,
        *,
        engine: Engine,
        files: Files,
        cancel_grace: float,
        ended: Callable[[Job, Manifest], None] = lambda _job, _manifest: None,
        tracer: Tracer | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._files = files
        self._cancel_grace = cancel_grace
        self._ended = ended
        self._tracer = tracer or NoTracer()
        self._clock = clock
        self._leases: dict[Lease, Execution] = {}
        self._litter: list[Path] = []
        self._releasing = False
        self._ending: Counter[Backend] = Counter()

    async def run(
        self, lease: Lease, job: Job, backend: Backend, *, spare: bool = False, lacks: Callable[[Job], bool] = lambda _: False
    ) -> Report | None:
        """Run the job once. It ends committed, released, or (when it was canceled or taken away) not at all.

        `lacks` is called where the backend has not got a node class or a model that the job needs; when it returns True, the job is
        given back for another backend.
        """
        trace = JobTrace(self._tracer, job, lease.attempt, backend.name)
        execution = Execution(
            job,
            lease,
            backend,
            engine=self._engine,
            files=self._files,
            grace=self._cancel_grace,
            trace=trace,
            spare=spare,
            clock=self._clock,
        )
        self._leases[lease] = execution
        if self._releasing or self._ending[backend]:  # it was claimed just before the worker or the backend was told to stop
            await self._release(lease, execution)
        helpers = [asyncio.create_task(self._stop_when_canceled(lease, execution)), asyncio.create_task(self._keep(lease, execution))]
        try:
            with trace:
                return await self._attempt(execution, lease, job)
        except StaleLease as fault:
            _log_lapse(lease, fault)
        except (NotStarted, JobCanceled):  # what was canceled has been settled; where that could not be written down, it is tried again
            await self._give_back(lease)
        except ViewComfyError as fault:
            if isinstance(fault, LACKING) and lacks(job):
                await self._give_back(lease)
            else:
                await self._fail(execution, lease, job, fault)
        except Exception as fault:
            log.exception("a job failed through a fault of ours", prompt_id=job.prompt_id)
            trouble = InternalError(f"The worker failed: {type(fault).__name__}.", hint="Its log has the trace.")
            await self._fail(execution, lease, job, trouble)
        finally:
            for helper in helpers:
                helper.cancel()
            del self._leases[lease]
        return None

    async def _attempt(self, execution: Execution, lease: Lease, job: Job) -> Report:
        _check_environment(job, execution.backend)
        try:
            manifest = await execution.run()
        except BaseException:
            await asyncio.to_thread(remove_all, execution.litter())  # at once: the next attempt brings files of the same names
            raise
        try:
            await self._commit(lease, manifest)
            self._ended(job, manifest)
        finally:
            self._litter += execution.litter()
        return Report(kind_of(job), manifest.execution_time, models_of(job.affinity))

    async def _stop_when_canceled(self, lease: Lease, execution: Execution) -> None:
        await self._engine.canceled(lease)
        execution.stop()

    async def _give_back(self, lease: Lease) -> None:
        try:
            await self._engine.release(lease, JobError("worker_lost", "The job was given back."), counts=False)
        except ViewComfyError as fault:
            _log_lapse(lease, fault)

    async def _fail(self, execution: Execution, lease: Lease, job: Job, fault: ViewComfyError) -> None:
        error = JobError(fault.code, str(fault), {**fault.details, **({"problems": fault.problems} if fault.problems else {})})
        try:
            if isinstance(fault, RETRYABLE):
                await self._retry(lease, job, fault, error)
            else:
                manifest = execution.manifest(JobStatus.FAILED, error=error)
                await self._commit(lease, manifest)
                self._ended(job, manifest)
        except ViewComfyError as trouble:
            _log_lapse(lease, trouble)

    async def _commit(self, lease: Lease, manifest: Manifest) -> None:
        """Write down how the job ended; where the store cannot take it now, try again for a while: the lease is kept meanwhile."""
        pause, give_up_at = FIRST_PAUSE, time.monotonic() + self._engine.patience
        while True:
            try:
                return await self._engine.commit(lease, manifest)
            except (DiskFull, ServerUnavailable) as fault:
                if time.monotonic() + pause > give_up_at:
                    raise
                log.warning("a job's end could not be written down yet", prompt_id=lease.prompt_id, reason=str(fault))
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)

    async def _retry(self, lease: Lease, job: Job, fault: ViewComfyError, error: JobError) -> None:
        await self._engine.emit(job.prompt_id, [log_event(f"attempt {lease.attempt} did not succeed: {fault}", self._clock())])
        status = await self._engine.release(lease, error, retry_in=RETRY_SECONDS)
        log.warning("a job was given back", prompt_id=job.prompt_id, attempt=lease.attempt, status=status, reason=str(fault))

    async def job_of(self, lease: Lease) -> Job | None:
        """Return the leased job; None when it is gone, and then the lease is given up."""
        try:
            job = await self._engine.job(lease)
        except ViewComfyError as fault:
            log.warning("a leased job could not be read", prompt_id=lease.prompt_id, reason=str(fault))
            await self._give_back(lease)
            return None
        return job

    async def _keep(self, lease: Lease, execution: Execution) -> None:
        """Renew a lease while its job runs; where it is lost, stop the job."""
        while True:
            await asyncio.sleep(lease.seconds / 3)
            try:
                await self._engine.extend(lease)
            except StaleLease:
                return execution.stop()
            except ViewComfyError as fault:
                log.warning("a lease could not be renewed", prompt_id=lease.prompt_id, reason=str(fault))

    async def sweep(self, every: float) -> None:
        """Remove what finished jobs have left in ComfyUI's folders, for ever; together, because none of them must wait for it."""
        while True:
            await asyncio.sleep(every)
            litter, self._litter = self._litter, []
            await asyncio.to_thread(remove_all, litter)

    async def release_all(self) -> None:
        """Give every running job back without counting the attempt, and any that still comes: the worker must stop now."""
        self._releasing = True
        await asyncio.gather(*(self._release(lease, execution) for lease, execution in list(self._leases.items())))

    @asynccontextmanager
    async def giving_back(self, backend: Backend, why: str) -> AsyncIterator[None]:
        """Give every job that runs on a backend back without counting the attempt, and any that still comes meanwhile."""
        self._ending[backend] += 1
        try:
            for lease, execution in list(self._leases.items()):
                if execution.backend is backend:
                    await self._engine.emit(lease.prompt_id, [log_event(why, self._clock())])
                    await self._release(lease, execution)
            yield
        finally:
            self._ending[backend] -= 1

    async def _release(self, lease: Lease, execution: Execution) -> None:
        await self._give_back(lease)
        execution.stop(grace=RELEASE_GRACE)


def remove_all(paths: Iterable[Path]) -> None:
    """Remove files and folders, those that are there and can be removed."""
    for path in paths:
        try:
            _remove(path)
        except OSError:  # a folder within the folder, or something that may not be removed
            shutil.rmtree(path, ignore_errors=True)


def _remove(path: Path) -> None:
    """Remove a file, or a folder of files: a job's most often holds one, and rmtree takes three times as many system calls."""
    try:
        files = list(path.iterdir())
    except NotADirectoryError:
        path.unlink()
        return
    for file in files:
        file.unlink()
    path.rmdir()


def _check_environment(job: Job, backend: Backend) -> None:
    """Raise UnknownEnvironment where a backend is not for a job: nobody that fits is there, or the engine is too old to know."""
    wanted = environment_of(job.affinity)
    if not serves(wanted, backend.environment, aside=backend.aside):
        raise UnknownEnvironment(
            f"No backend has the environment {wanted}, which the deployment runs in."
            if wanted
            else f"{backend.name} is for jobs alone that name the environment {backend.environment}.",
            hint="`viewcomfy env apply` on a worker's machine brings an environment there.",
        )


def _log_lapse(lease: Lease, fault: ViewComfyError) -> None:
    """Tell why an attempt's end is not written down: its job is somebody else's by now, or will be when the lease has run out."""
    level = log.info if isinstance(fault, StaleLease) else log.warning
    level("the end of an attempt was not written down", prompt_id=lease.prompt_id, attempt=lease.attempt, reason=str(fault))


def kind_of(job: Job) -> str:
    """Return what jobs have in common that take about as long."""
    return f"{job.deployment}@{job.version}"
