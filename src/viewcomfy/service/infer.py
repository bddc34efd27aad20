"""Infer: take a request to run a deployed workflow, check it whole, keep its files, and queue a job."""

from __future__ import annotations

import asyncio
import posixpath
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.core.deployments import POOL, Deployment, affinity_of
from viewcomfy.core.errors import (
    Conflict,
    InvalidParams,
    KeyNotAllowed,
    NoBackend,
    OverrideNotAllowed,
    QueueFull,
    ServerUnavailable,
    ViewComfyError,
)
from viewcomfy.core.events import log_event
from viewcomfy.core.inputs import Input
from viewcomfy.core.job_inputs import kept_filename
from viewcomfy.core.jobs import Job, Upload
from viewcomfy.core.keys import Caller
from viewcomfy.core.needs import needs_of
from viewcomfy.core.outputs import content_type_of, safe_filename
from viewcomfy.core.params import with_value
from viewcomfy.core.validation import Checked, CheckedFile
from viewcomfy.engine.base import Engine, Ticket
from viewcomfy.files.base import Files
from viewcomfy.service.checker import Checker
from viewcomfy.service.conversions import Conversions
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.eligibility import Eligibility
from viewcomfy.service.ids import given_or_new
from viewcomfy.service.intake import Intake, Taken
from viewcomfy.service.masks import apply_mask
from viewcomfy.service.quotas import Quotas
from viewcomfy.service.received import Received, ReceivedFile
from viewcomfy.store.jobs import JobRows

SHORT = 16
"""Bytes of a file in which there is no workflow."""
QUEUE_CHECK_SECONDS = 0.5
"""How old the known length of the queue may be; what was accepted since is added to it."""


@dataclass(frozen=True, slots=True)
class InferLimits:
    """What the owner allows: waiting jobs, and seconds of running where a deployment says nothing (0: no limit).

    `workers_may_come`: jobs are taken while no backend is there.
    """

    max_queue: int
    time_limit: float
    workers_may_come: bool = False

    def queue_full(self, waiting: int, count: int) -> QueueFull:
        """Return the error for so many jobs where so many wait already."""
        if count > self.max_queue:  # it would be too many at any time
            return QueueFull(f"{count:,} jobs are more than the {self.max_queue:,} that may wait.", hint="Send them in smaller batches.")
        more = f", and {count:,} more would be over the limit of {self.max_queue:,}" if count > 1 else ""
        return QueueFull(f"{waiting:,} jobs are waiting already{more}.", hint="Try again in a while.", retry_after=5)


class InferService:
    """Accept requests to infer. What it raises leaves nothing behind; what it returns is never lost."""

    def __init__(
        self,
        *,
        deployments: DeploymentService,
        rows: JobRows,
        files: Files,
        engine: Engine,
        checker: Checker,
        conversions: Conversions,
        intake: Intake,
        quotas: Quotas,
        limits: InferLimits,
        eligibility: Eligibility,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deployments = deployments
        self._rows = rows
        self._files = files
        self._engine = engine
        self._checker = checker
        self._conversions = conversions
        self._intake = intake
        self._quotas = quotas
        self._limits = limits
        self._eligibility = eligibility
        self._clock = clock
        self._accepting: set[asyncio.Task[Job]] = set()
        self._coming = 0
        self._queue_length = 0
        self._queue_checked_at: dict[str, float] = {}

    async def open(self, caller: Caller, name: str, version: int | None = None) -> Deployment:
        """Return a version of a deployment if the caller may use it; the one whose turn it is where none is pinned.

        Raises UnknownDeployment, UnknownVersion, KeyNotAllowed.
        """
        if version is not None:
            return await self.look_at(caller, name, version)
        _check_allowed(caller, name)
        return (await self._deployments.released(name)).choose(secrets.token_hex(8))

    async def look_at(self, caller: Caller, name: str, version: int | None = None) -> Deployment:
        """Return a version that is to be described, not called: the current one where none is named, whatever a canary gets."""
        _check_allowed(caller, name)
        if version is None:
            return await self._deployments.get(name)
        if caller.is_guest:  # an earlier version may leave open what its owner has closed since
            raise KeyNotAllowed("A share link leads to a deployment as it is now, to no other version.", hint="Leave the version out.")
        return await self._deployments.version(name, version)

    async def made_with(self, caller: Caller, job: Job) -> Deployment:
        """Return the version that a job was made with. Raises UnknownDeployment, UnknownVersion, KeyNotAllowed."""
        _check_allowed(caller, job.deployment)
        return await self._deployments.version(job.deployment, job.version)

    async def inputs(self, deployment: Deployment) -> tuple[Input, ...]:
        """Return the inputs that a call of this version may set."""
        return await self._checker.inputs(deployment)

    async def submit(self, caller: Caller, deployment: Deployment, received: Received) -> Job:
        """Check a request, keep its files and queue the job.

        Raises BadInput and its kinds, OverrideNotAllowed, NoBackend, QueueFull, KeyLimit, DiskFull.
        """
        prompt_id = given_or_new("prompt_id", received.prompt_id)
        if received.prompt_id and (known := await self._rows.get(prompt_id)):
            return _same_job(known, caller, deployment)
        workflow, inputs = await self._workflow(caller, deployment, received.workflow_api)
        async with self._intake.taken(_params(received.params), received.files, inputs) as taken:
            checked = await self.check(caller, deployment, workflow, inputs, taken)
            async with self.room(caller, pool=deployment.pool):
                job = await self.keep(prompt_id, caller, deployment, checked, taken.files)
                return await self._accepted(job, checked.fresh_seeds, caller, deployment)

    # --- the steps of `submit`, for many jobs at once ---
    async def check(
        self, caller: Caller, deployment: Deployment, workflow: Mapping[str, Any], inputs: Sequence[Input], taken: Taken
    ) -> Checked:
        """Check what a call says of the deployment's workflow, or of another one that came with it. Raises BadInput and its kinds."""
        overridden = workflow is not deployment.workflow
        guest = caller.is_guest
        checked = await self._checker.check(
            workflow, inputs, taken.params, taken.sent, overridden=overridden, guest=guest, environment=deployment.environment
        )
        if overridden or not (deployment.runs and deployment.checked):
            await self._checker.refuse_unfit(checked.workflow, deployment.environment)
        return checked

    @asynccontextmanager
    async def room(self, caller: Caller, count: int = 1, *, pool: str = POOL) -> AsyncIterator[None]:
        """Hold so many places in the queue while a caller's jobs are on the way there. Raises NoBackend, QueueFull, KeyLimit."""
        async with self._quotas.held(caller.key, count):
            await self._check_queue(count, pool)
            self._coming += count
            try:
                yield
            finally:
                self._coming -= count

    async def keep(
        self,
        prompt_id: str,
        caller: Caller,
        deployment: Deployment,
        checked: Checked,
        files: Mapping[str, ReceivedFile],
        *,
        kept: dict[Path, str] | None = None,
    ) -> Job:
        """Keep the files of a checked call and return its job, which is stored nowhere yet. Raises InvalidUpload, DiskFull.

        `kept` says under which keys calls of the same batch have kept the files that they share; it is added to.
        """
        # a folder of this request's own: the same prompt_id may be on its way a second time
        folder = f"jobs/{prompt_id}/in/{secrets.token_hex(4)}"
        try:
            uploads = [
                await self._keep(prompt_id, folder, number, one, files, kept={} if kept is None else kept)
                for number, one in enumerate(checked.files)
            ]
        except BaseException:
            await self._forget(folder)
            raise
        job = self._job(prompt_id, caller, deployment, _with_uploads(checked.workflow, uploads), uploads)
        await self._eligibility.note(job.affinity, lambda: needs_of(job.workflow, deployment.memory, deployment.environment))
        return job

    async def drop(self, job: Job) -> None:
        """Remove the files of a job that was kept and is not accepted after all."""
        if job.uploads:
            await self._forget(posixpath.dirname(job.uploads[0].file_key))

    async def accept(self, job: Job, fresh_seeds: Mapping[str, int] | None = None) -> Job:
        """Store and queue a job that was kept, and return it, or the one that came first with its prompt_id."""
        accept = asyncio.create_task(self._accept(job, fresh_seeds or {}))
        self._accepting.add(accept)
        accept.add_done_callback(self._accepting.discard)
        return await asyncio.shield(accept)  # a caller that vanishes just now leaves a whole job or none

    async def enqueue(self, job: Job, fresh_seeds: Mapping[str, int]) -> None:
        """Queue a job that is stored, and tell its seeds where they are new. Never fails: a stored job runs sooner or later."""
        with suppress(ServerUnavailable):  # it is shutting down: the job runs after the next start
            await self._engine.enqueue(Ticket(job.prompt_id, job.created_at, job.pool, job.priority, job.key_id, job.affinity))
        if fresh_seeds:
            named = ", ".join(f"{key} = {seed}" for key, seed in fresh_seeds.items())
            await self._engine.emit(job.prompt_id, [log_event(f"params is empty, so the seed is new: {named}", self._clock())])
        with suppress(ViewComfyError):
            if waits_for := await self._eligibility.nobody(job.pool, job.affinity):
                await self._engine.emit(job.prompt_id, [log_event(waits_for, self._clock())])

    async def _workflow(
        self, caller: Caller, deployment: Deployment, override: str | Mapping[str, Any] | Path | None
    ) -> tuple[Mapping[str, Any], tuple[Input, ...]]:
        """Return the workflow to run, and what may be set of it."""
        if override is None or _says_nothing(override):
            return deployment.workflow, await self._checker.inputs(deployment)
        if caller.key is not None and not caller.key.allow_override:
            raise OverrideNotAllowed(
                "This key may not send a workflow_api of its own.",
                hint="Leave workflow_api out, or ask for a key made with --allow-override.",
            )
        workflow = (await self._conversions.api_of(override, environment=deployment.environment)).workflow_api
        return workflow, await self._checker.inputs_of_override(workflow, deployment.environment)

    async def _accepted(self, job: Job, fresh_seeds: Mapping[str, int], caller: Caller, deployment: Deployment) -> Job:
        accepted = await self.accept(job, fresh_seeds)
        return job if accepted is job else _same_job(accepted, caller, deployment)

    async def _accept(self, job: Job, fresh_seeds: Mapping[str, int]) -> Job:
        """Do what `accept` says."""
        try:
            await self._rows.add(job)
        except ViewComfyError as fault:
            if not (isinstance(fault, ServerUnavailable) and fault.may_have_happened):  # else they are of a job that may run
                await self.drop(job)
            if isinstance(fault, Conflict) and (first := await self._rows.get(job.prompt_id)):
                return first
            raise
        await self.enqueue(job, fresh_seeds)
        return job

    async def _forget(self, folder: str) -> None:
        with suppress(ViewComfyError):  # the first fault is the one to tell; retention removes what is left
            await self._files.remove(f"{folder}/")

    async def _check_queue(self, count: int, pool: str) -> None:
        now = time.monotonic()
        checked_at = self._queue_checked_at.get(pool, float("-inf"))
        if now - checked_at > QUEUE_CHECK_SECONDS or self._queue_length + count > self._limits.max_queue:
            if not self._limits.workers_may_come and not any(worker.backends for worker in await self._engine.workers(pool)):
                raise _no_backend(pool)
            self._queue_length = await self._engine.queue_length() + self._coming
            self._queue_checked_at[pool] = now
        if self._queue_length + count > self._limits.max_queue:
            raise self._limits.queue_full(self._queue_length, count)
        self._queue_length += count

    async def _keep(
        self, prompt_id: str, folder: str, number: int, one: CheckedFile, files: Mapping[str, ReceivedFile], *, kept: dict[Path, str]
    ) -> Upload:
        file = files[one.field]
        name = kept_filename(prompt_id, number, safe_filename(file.filename, "upload"))
        path, made = file.path, None
        if one.mask_field is not None:
            name = str(Path(name).with_suffix(".png"))
            made = path.with_name(f"{path.name}.masked")
            await asyncio.to_thread(apply_mask, path, files[one.mask_field].path, made)
            path = made
        try:
            file_key = f"{folder}/{name}"
            first = kept.get(path) if made is None else None
            size = await (self._files.copy(first, file_key) if first else self._files.put_file(file_key, path))
        finally:
            if made is not None:
                made.unlink(missing_ok=True)
        if made is None:
            kept.setdefault(path, file_key)
        return Upload(one.target.node_id, one.target.input_name, name, content_type_of(name), size, file_key)

    def _job(self, prompt_id: str, caller: Caller, deployment: Deployment, workflow: dict[str, Any], uploads: list[Upload]) -> Job:
        return Job(
            prompt_id=prompt_id,
            deployment=deployment.name,
            version=deployment.version,
            key_id=caller.key_id,
            workflow=workflow,
            created_at=self._clock(),
            uploads=tuple(uploads),
            pool=deployment.pool,
            priority=deployment.priority,
            affinity=affinity_of(workflow, deployment.memory, deployment.environment),
            time_limit=deployment.time_limit or self._limits.time_limit,
            trace=caller.trace,
        )


def _check_allowed(caller: Caller, name: str) -> None:
    if caller.key is not None and not caller.key.allows(name):
        raise KeyNotAllowed(f"This key may not call {name[:80]!r}.", hint="Ask the owner of the server for a key that may.")


def _no_backend(pool: str) -> NoBackend:
    if pool == POOL:
        return NoBackend("There is no ComfyUI to run the job.", hint="`viewcomfy comfyui install` gets one.", retry_after=10)
    return NoBackend(
        f"There is no ComfyUI in the pool {pool!r} to run the job.", hint=f"`viewcomfy worker --pool {pool}` brings one.", retry_after=10
    )


def _same_job(job: Job, caller: Caller, deployment: Deployment) -> Job:
    if job.key_id != caller.key_id or job.deployment != deployment.name:
        raise Conflict("This prompt_id is taken.", hint="Send a random UUID, or none.")
    return job


def _says_nothing(override: str | Mapping[str, Any] | Path) -> bool:
    if isinstance(override, Path):
        override = override.read_text("latin-1") if override.stat().st_size < SHORT else "{}"
    return isinstance(override, str) and override.strip() in ("", "null")


def _params(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidParams("params must be a JSON object of inputs and values.", hint='For example {"prompt": "a cat"}.')
    return value


def _with_uploads(workflow: dict[str, Any], uploads: list[Upload]) -> dict[str, Any]:
    for upload in uploads:
        workflow = with_value(workflow, upload.node_id, upload.input_name, upload.filename)
    return workflow
