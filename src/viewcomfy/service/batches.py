"""Batches: accept many jobs at once, all of them or none, and look after them as one."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.core.batch_problems import BatchProblems
from viewcomfy.core.batches import LIMIT, Batch, Plan, Progress, plan, progress
from viewcomfy.core.deployments import Deployment
from viewcomfy.core.errors import BadInput, Conflict, ServerUnavailable, UnknownBatch, UnknownJob, ViewComfyError
from viewcomfy.core.inputs import Input
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.core.keys import Caller
from viewcomfy.core.validation import Checked
from viewcomfy.engine.base import Engine
from viewcomfy.files.base import Files
from viewcomfy.service.batch_outputs import BatchOutputs, Made
from viewcomfy.service.ids import given_or_new
from viewcomfy.service.infer import InferService
from viewcomfy.service.intake import Intake, Taken
from viewcomfy.service.masks import MaskedOnce
from viewcomfy.service.received import ReceivedFile
from viewcomfy.store.batches import BatchJob, BatchRows

KEPT_AT_ONCE = 8
"""How many jobs' files are kept at a time: each is a request or two where files are in a bucket."""
STEP = 0.01
"""Seconds of work after which other requests get their turn."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What the owner allows: jobs in one batch, and bytes of the files that one batch names by URL."""

    jobs: int = LIMIT
    fetched_bytes: int = 2**31


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch with its jobs as they stand; those that retention has removed are left out."""

    batch: Batch
    jobs: tuple[BatchJob, ...]

    @property
    def progress(self) -> Progress:
        """Count the jobs by where they stand."""
        return progress(job.status for job in self.jobs)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A job to be that has been found good."""

    checked: Checked
    files: Mapping[str, ReceivedFile]


class BatchService:
    """Accept batches and look after them on behalf of a caller, who sees only their own; the admin sees all.

    What `submit` raises leaves nothing behind; what it returns is stored whole. `folder` is for temporary files.
    """

    def __init__(
        self,
        *,
        rows: BatchRows,
        infer: InferService,
        intake: Intake,
        files: Files,
        engine: Engine,
        folder: Path,
        limits: BatchLimits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.outputs = BatchOutputs(rows, files, folder)
        self._rows = rows
        self._infer = infer
        self._intake = intake
        self._engine = engine
        self._limits = limits or BatchLimits()
        self._clock = clock
        self._accepting: set[asyncio.Task[Batch]] = set()

    async def submit(
        self,
        caller: Caller,
        deployment: Deployment,
        spec: Mapping[str, Any],
        files: Sequence[ReceivedFile] = (),
        batch_id: str | None = None,
    ) -> Batch:
        """Check every job of a batch, keep their files, and queue them all; see `core.batches.plan` for `spec`.

        `files` are sent with every job. The same `batch_id` again finds the same batch. Raises BadInput and its kinds with the
        problems of all jobs, Conflict for a batch_id that is somebody else's, NoBackend, QueueFull, KeyLimit, DiskFull.
        """
        wanted = given_or_new("batch_id", batch_id)
        if batch_id and (known := await self._rows.get(wanted)):
            return _same_batch(known, caller, deployment)
        planned = await asyncio.to_thread(plan, spec, limit=self._limits.jobs)
        inputs = await self._infer.inputs(deployment)
        calls = [cell.params for cell in planned.cells]
        masked = MaskedOnce()
        try:
            async with self._intake.taken_together(calls, files, inputs, max_bytes=self._limits.fetched_bytes) as taken:
                ready = await self._check(caller, deployment, inputs, planned, taken, masked=masked)
                async with self._infer.room(caller, len(ready), pool=deployment.pool):
                    members = await self._keep(caller, deployment, ready)
                    batch = self._batch(wanted, caller, deployment, planned, members)
                    accepted = await self._accepted(batch, members, [one.checked.fresh_seeds for one in ready])
        finally:
            masked.discard()
        return _same_batch(accepted, caller, deployment)

    async def get(self, caller: Caller, batch_id: str) -> BatchState:
        """Return a batch with its jobs. Raises UnknownBatch, also for somebody else's."""
        batch = await self._rows.get(batch_id)
        if batch is None or not (caller.is_admin or batch.key_id == caller.key_id):
            raise UnknownBatch(f"There is no batch {batch_id[:64]!r}.", hint="A batch is removed together with the last of its jobs.")
        return BatchState(batch, tuple(await self._rows.statuses(batch_id)))

    async def made(self, caller: Caller, batch_id: str, *, pictures: bool = False) -> Made:
        """Return what a batch has made so far, for `outputs`. Raises UnknownBatch, Conflict where that is nothing."""
        state = await self.get(caller, batch_id)
        return await self.outputs.made(state.batch, state.jobs, pictures=pictures)

    async def page(self, caller: Caller, *, cursor: str | None = None, limit: int = 50) -> tuple[list[tuple[Batch, Progress]], str | None]:
        """Return batches with their progress, newest first, and the cursor of the next page."""
        batches, more = await self._rows.page(key_id=None if caller.is_admin else caller.key_id, cursor=cursor, limit=limit)
        counts = await self._rows.counts([batch.batch_id for batch in batches])
        return [(batch, _counted(counts[batch.batch_id])) for batch in batches], more

    async def cancel(self, caller: Caller, batch_id: str) -> BatchState:
        """Cancel the jobs of a batch that have not ended, and return it. Raises UnknownBatch."""
        state = await self.get(caller, batch_id)
        await self._rows.mark_canceled(batch_id, self._clock())  # first: if we are killed now, `finish_cancels` does the rest
        await self._cancel([job.prompt_id for job in reversed(state.jobs) if not job.status.is_final])
        return await self.get(caller, batch_id)

    async def finish_cancels(self) -> None:
        """Cancel what is left of canceled batches: a chore for after a crash."""
        await self._cancel(await self._rows.to_cancel())

    async def _cancel(self, prompt_ids: Sequence[str]) -> None:
        # the last ones first, so that none is begun for the worker's running one to make room for
        for prompt_id in prompt_ids:
            with suppress(UnknownJob):  # retention was here in the meantime
                await self._engine.cancel(prompt_id)

    # --- accepting ---
    async def _check(
        self,
        caller: Caller,
        deployment: Deployment,
        inputs: Sequence[Input],
        planned: Plan,
        taken: Sequence[Taken | BadInput],
        *,
        masked: MaskedOnce,
    ) -> list[_Ready]:
        """Check every job; raise one error with all that is wrong with any."""
        problems = BatchProblems([cell.label for cell in planned.cells])
        ready = []
        pause = _Pause()
        for number, call in enumerate(taken, start=1):
            try:
                if isinstance(call, BadInput):
                    raise call
                checked = await self._infer.check(caller, deployment, deployment.workflow, inputs, call)
                ready.append(_Ready(*await masked.applied(checked, call.files)))
            except BadInput as fault:
                problems.add(number, fault)
                if problems.full:
                    break
            await pause()
        problems.refuse()
        return ready

    async def _keep(self, caller: Caller, deployment: Deployment, ready: Sequence[_Ready]) -> list[Job]:
        """Keep the files of every job: the same file is brought once, and each job has a name of its own for it."""
        members: dict[int, Job] = {}
        kept: dict[Path, str] = {}
        pause = _Pause()

        async def keep(number: int, one: _Ready) -> None:
            members[number] = await self._infer.keep(str(uuid.uuid4()), caller, deployment, one.checked, one.files, kept=kept)

        try:
            for start in (0, *range(1, len(ready), KEPT_AT_ONCE)):  # the first by itself: it brings what the others share
                async with asyncio.TaskGroup() as together:
                    for number in range(start, min(start + (KEPT_AT_ONCE if start else 1), len(ready))):
                        together.create_task(keep(number, ready[number]))
                await pause()
        except BaseException as fault:
            await self._drop(list(members.values()))
            raise (fault.exceptions[0] if isinstance(fault, BaseExceptionGroup) else fault) from None
        return [members[number] for number in range(len(ready))]

    async def _drop(self, members: Sequence[Job]) -> None:
        for job in members:
            await self._infer.drop(job)

    def _batch(self, batch_id: str, caller: Caller, deployment: Deployment, planned: Plan, members: Sequence[Job]) -> Batch:
        return Batch(
            batch_id=batch_id,
            deployment=deployment.name,
            version=deployment.version,
            key_id=caller.key_id,
            created_at=self._clock(),
            total=len(members),
            prompt_ids=tuple(job.prompt_id for job in members),
            labels=tuple(cell.label for cell in planned.cells),
            axes=planned.axes,
        )

    async def _accepted(self, batch: Batch, members: Sequence[Job], fresh_seeds: Sequence[Mapping[str, int]]) -> Batch:
        accept = asyncio.create_task(self._accept(batch, members, fresh_seeds))
        self._accepting.add(accept)
        accept.add_done_callback(self._accepting.discard)
        return await asyncio.shield(accept)  # a caller that vanishes just now leaves a whole batch or none

    async def _accept(self, batch: Batch, members: Sequence[Job], fresh_seeds: Sequence[Mapping[str, int]]) -> Batch:
        """Store the batch and queue its jobs; return it, or the one that came first with its batch_id."""
        try:
            await self._rows.add(batch, members)
        except ViewComfyError as fault:
            if not (isinstance(fault, ServerUnavailable) and fault.may_have_happened):  # else they are of a job that may run
                await self._drop(members)
            if isinstance(fault, Conflict) and (first := await self._rows.get(batch.batch_id)):
                return first
            raise
        pause = _Pause()
        for job, seeds in zip(members, fresh_seeds, strict=True):
            await self._infer.enqueue(job, seeds)
            await pause()
        return batch


class _Pause:
    """Lets others have their turn when it is time."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def __call__(self) -> None:
        if time.monotonic() - self._since > STEP:
            await asyncio.sleep(0)
            self._since = time.monotonic()


def _counted(counts: Mapping[JobStatus, int]) -> Progress:
    return progress(status for status, count in counts.items() for _ in range(count))


def _same_batch(batch: Batch, caller: Caller, deployment: Deployment) -> Batch:
    if batch.key_id != caller.key_id or batch.deployment != deployment.name:
        raise Conflict("This batch_id is taken.", hint="Send a random UUID, or none.")
    return batch
