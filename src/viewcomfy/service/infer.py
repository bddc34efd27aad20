"""Infer: take a request to run a deployed workflow, check it whole, keep its files, and queue a job."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.core import params as rules
from viewcomfy.core.deployments import Deployment, affinity_of
from viewcomfy.core.errors import (
    Conflict,
    InvalidName,
    InvalidUpload,
    KeyNotAllowed,
    NoBackend,
    OverrideNotAllowed,
    QueueFull,
    ServerUnavailable,
    ViewComfyError,
)
from viewcomfy.core.events import log_event
from viewcomfy.core.jobs import Job, Upload
from viewcomfy.core.keys import Caller
from viewcomfy.core.outputs import content_type_of, safe_filename
from viewcomfy.core.workflows import read_json, read_workflow
from viewcomfy.engine.base import Engine, Ticket
from viewcomfy.files.base import Files
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.masks import apply_mask
from viewcomfy.service.received import Received, ReceivedFile
from viewcomfy.store.jobs import JobRows

QUEUE_CHECK_SECONDS = 0.5
"""How old the known length of the queue may be; what was accepted since is added to it."""


@dataclass(frozen=True, slots=True)
class InferLimits:
    """What the owner allows: waiting jobs, and seconds of running where a deployment says nothing (0: no limit)."""

    max_queue: int
    time_limit: float


class InferService:
    """Accept requests to infer. What it raises leaves nothing behind; what it returns is never lost."""

    def __init__(
        self,
        *,
        deployments: DeploymentService,
        rows: JobRows,
        files: Files,
        engine: Engine,
        limits: InferLimits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deployments = deployments
        self._rows = rows
        self._files = files
        self._engine = engine
        self._limits = limits
        self._clock = clock
        self._accepting: set[asyncio.Task[Job]] = set()
        self._queue_length = 0
        self._queue_checked_at = float("-inf")

    async def open(self, caller: Caller, name: str) -> Deployment:
        """Return the deployment if the caller may use it. Raises UnknownDeployment, KeyNotAllowed."""
        if caller.key is not None and not caller.key.allows(name):
            raise KeyNotAllowed(f"This key may not call {name[:80]!r}.", hint="Ask the owner of the server for a key that may.")
        return await self._deployments.get(name)

    async def submit(self, caller: Caller, deployment: Deployment, received: Received) -> Job:
        """Check a request, keep its files and queue the job. Raises BadInput and its kinds, OverrideNotAllowed, QueueFull, DiskFull."""
        prompt_id = _prompt_id(received.prompt_id)
        if received.prompt_id and (known := await self._rows.get(prompt_id)):
            return _same_job(known, caller, deployment)
        workflow, overridden = _choose_workflow(caller, deployment, received.workflow_api)
        pairs = _pair_masks(received.files, workflow)
        params = read_json(received.params, "params") if received.params and received.params.strip() else {}
        applied = rules.apply(workflow, params, files=[pair.image.field for pair in pairs], overridden=overridden)
        await self._check_queue()
        # a folder of this request's own: the same prompt_id may be on its way a second time
        folder = f"jobs/{prompt_id}/in/{secrets.token_hex(4)}"
        try:
            uploads = [await self._keep(prompt_id, folder, number, pair) for number, pair in enumerate(pairs)]
        except BaseException:
            await self._forget(folder)
            raise
        job = self._job(prompt_id, caller, deployment, _with_uploads(applied.workflow, uploads), uploads)
        accept = asyncio.create_task(self._accept(job, folder, applied.fresh_seeds))
        self._accepting.add(accept)
        accept.add_done_callback(self._accepting.discard)
        accepted = await asyncio.shield(accept)  # a caller that vanishes just now leaves a whole job or none
        return job if accepted is job else _same_job(accepted, caller, deployment)

    async def _accept(self, job: Job, folder: str, fresh_seeds: Mapping[str, int]) -> Job:
        """Store and queue a job; return it, or the one that came first with its prompt_id."""
        try:
            await self._rows.add(job)
        except ViewComfyError as fault:
            await self._forget(folder)
            if isinstance(fault, Conflict) and (first := await self._rows.get(job.prompt_id)):
                return first
            raise
        with suppress(ServerUnavailable):  # it is shutting down, and the job is stored: it runs after the next start
            await self._engine.enqueue(Ticket(job.prompt_id, job.created_at, job.pool, job.priority, job.key_id, job.affinity))
        if fresh_seeds:
            named = ", ".join(f"{key} = {seed}" for key, seed in fresh_seeds.items())
            await self._engine.emit(job.prompt_id, [log_event(f"params is empty, so the seed is new: {named}", self._clock())])
        return job

    async def _forget(self, folder: str) -> None:
        with suppress(ViewComfyError):  # the first fault is the one to tell; retention removes what is left
            await self._files.remove(f"{folder}/")

    async def _check_queue(self) -> None:
        now = time.monotonic()
        if now - self._queue_checked_at > QUEUE_CHECK_SECONDS or self._queue_length >= self._limits.max_queue:
            if not any(worker.backends for worker in await self._engine.workers()):
                raise NoBackend("There is no ComfyUI to run the job.", hint="`viewcomfy comfyui install` gets one.", retry_after=10)
            self._queue_length = await self._engine.queue_length()
            self._queue_checked_at = now
        if self._queue_length >= self._limits.max_queue:
            raise QueueFull(f"{self._queue_length} jobs are waiting already.", hint="Try again in a while.", retry_after=5)
        self._queue_length += 1

    async def _keep(self, prompt_id: str, folder: str, number: int, pair: _Pair) -> Upload:
        # named after the job: another job's file of the same name can't be taken for this one, on any backend
        name = f"{prompt_id}-{number}-{safe_filename(pair.image.filename, 'upload')}"
        path, made = pair.image.path, None
        if pair.mask is not None:
            name = str(Path(name).with_suffix(".png"))
            made = path.with_name(f"{path.name}.masked")
            await asyncio.to_thread(apply_mask, path, pair.mask.path, made)
            path = made
        try:
            file_key = f"{folder}/{name}"
            size = await self._files.put_file(file_key, path)
        finally:
            if made is not None:
                made.unlink(missing_ok=True)
        return Upload(pair.target.node_id, pair.target.input_name, name, content_type_of(name), size, file_key)

    def _job(self, prompt_id: str, caller: Caller, deployment: Deployment, workflow: dict[str, Any], uploads: list[Upload]) -> Job:
        return Job(
            prompt_id=prompt_id,
            deployment=deployment.name,
            version=deployment.version,
            key_id=caller.key_id,
            workflow=workflow,
            created_at=self._clock(),
            uploads=tuple(uploads),
            affinity=affinity_of(workflow),
            time_limit=deployment.time_limit or self._limits.time_limit,
        )


@dataclass(frozen=True, slots=True)
class _Pair:
    """An uploaded file with the input it is for, and its mask if one came."""

    target: rules.Target
    image: ReceivedFile
    mask: ReceivedFile | None


def _prompt_id(wanted: str | None) -> str:
    if not wanted:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(wanted))
    except ValueError as fault:
        raise InvalidName(f"prompt_id {wanted[:80]!r} is not a UUID.", hint="Send a random UUID, or none.") from fault


def _same_job(job: Job, caller: Caller, deployment: Deployment) -> Job:
    if job.key_id != caller.key_id or job.deployment != deployment.name:
        raise Conflict("This prompt_id is taken.", hint="Send a random UUID, or none.")
    return job


def _choose_workflow(caller: Caller, deployment: Deployment, override: str | None) -> tuple[Mapping[str, Any], bool]:
    if override is None or not override.strip() or override.strip() == "null":
        return deployment.workflow, False
    if caller.key is not None and not caller.key.allow_override:
        raise OverrideNotAllowed(
            "This key may not send a workflow_api of its own.", hint="Leave workflow_api out, or ask for a key made with --allow-override."
        )
    return read_workflow(override), True


def _pair_masks(files: tuple[ReceivedFile, ...], workflow: Mapping[str, Any]) -> list[_Pair]:
    targets = {file.field: rules.check_upload_key(file.field, workflow) for file in files}
    for file in files:
        if file.size == 0:
            raise InvalidUpload(f"The file for {file.field!r} is empty (0 bytes).", hint="Check that the file was open and at its start.")
    masks = {file.field.removesuffix(rules.MASK_SUFFIX): file for file in files if file.field.endswith(rules.MASK_SUFFIX)}
    images = [file for file in files if not file.field.endswith(rules.MASK_SUFFIX)]
    for key in masks.keys() - {file.field for file in images}:
        raise InvalidUpload(f"A mask came for {key!r}, but no image.", hint="Send both in the same request.")
    return [_Pair(targets[file.field], file, masks.get(file.field)) for file in images]


def _with_uploads(workflow: dict[str, Any], uploads: list[Upload]) -> dict[str, Any]:
    for upload in uploads:
        workflow = rules.with_value(workflow, upload.node_id, upload.input_name, upload.filename)
    return workflow
