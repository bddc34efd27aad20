"""Past jobs: look into what went into one, run it again, delete it."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from viewcomfy.core.errors import JobNotFinished, UnknownFile, UploadsRemoved, ViewComfyError
from viewcomfy.core.job_inputs import JobInputs, job_inputs, kept_filename, sent_filename
from viewcomfy.core.jobs import Job, Upload
from viewcomfy.core.keys import Caller
from viewcomfy.core.params import with_value
from viewcomfy.files.base import Files
from viewcomfy.service.checker import Checker
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.infer import InferService
from viewcomfy.service.jobs import JobService
from viewcomfy.store.jobs import JobRows

LATE_SECONDS = 120.0
"""How long after a job was deleted something of it may still come in."""


class PastJobs:
    """Jobs that were accepted once, on behalf of a caller, who sees only their own; the admin sees all."""

    def __init__(
        self,
        *,
        jobs: JobService,
        rows: JobRows,
        files: Files,
        infer: InferService,
        deployments: DeploymentService,
        checker: Checker,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs = jobs
        self._rows = rows
        self._files = files
        self._infer = infer
        self._deployments = deployments
        self._checker = checker
        self._clock = clock
        self._deleted: dict[str, float] = {}

    async def look_into(self, caller: Caller, job: Job) -> JobInputs:
        """Return what went into a job; who came by a share link sees neither the workflow nor hidden and locked inputs."""
        deployment = await self._deployments.made(job.deployment, job.version)
        declared = await self._checker.inputs(deployment) if deployment else ()
        return job_inputs(job, declared, whole=not caller.is_guest)

    async def retry(self, caller: Caller, prompt_id: str) -> Job:
        """Queue a job again as a new one: the same version, workflow and uploads, filed under the same key.

        Raises UnknownJob, UnknownDeployment, KeyNotAllowed, UploadsRemoved, NoBackend, QueueFull, KeyLimit, DiskFull.
        """
        job = await self._jobs.get(caller, prompt_id)
        await self._infer.made_with(caller, job)
        async with self._infer.room(caller, pool=job.pool):
            return await self._infer.accept(replace(await self._copy(job), trace=caller.trace))

    async def delete(self, caller: Caller, prompt_id: str) -> None:
        """Remove a finished job with its files and events. Raises UnknownJob, JobNotFinished."""
        job = await self._jobs.get(caller, prompt_id)
        if not job.status.is_final:
            raise JobNotFinished(f"The job is {job.status.value}.", hint="Cancel it first, then delete it.")
        await self._files.remove(f"jobs/{prompt_id}/")  # before the row: what is left after a crash can be deleted again
        await self._rows.forget([prompt_id])
        self._deleted[prompt_id] = self._clock()

    async def remove_late(self) -> None:
        """Remove what came in for deleted jobs since: the last events, and what a worker made before it heard of the cancel."""
        for prompt_id, deleted_at in list(self._deleted.items()):
            await self._files.remove(f"jobs/{prompt_id}/")
            await self._rows.forget_events([prompt_id])
            if self._clock() - deleted_at > LATE_SECONDS:
                del self._deleted[prompt_id]

    async def _copy(self, job: Job) -> Job:
        """Return a new job that is stored nowhere yet, with copies of the files."""
        prompt_id = str(uuid.uuid4())
        folder = f"jobs/{prompt_id}/in/{secrets.token_hex(4)}"
        workflow, uploads = dict(job.workflow), []
        try:
            for number, upload in enumerate(job.uploads):
                name = kept_filename(prompt_id, number, sent_filename(upload, job.prompt_id))
                uploads.append(await self._copied(upload, folder, name))
                workflow = with_value(workflow, upload.node_id, upload.input_name, name)
        except BaseException:
            with suppress(ViewComfyError):  # the first fault is the one to tell
                await self._files.remove(f"{folder}/")
            raise
        return Job(
            prompt_id=prompt_id,
            deployment=job.deployment,
            version=job.version,
            key_id=job.key_id,
            workflow=workflow,
            created_at=self._clock(),
            uploads=tuple(uploads),
            pool=job.pool,
            priority=job.priority,
            affinity=job.affinity,
            time_limit=job.time_limit,
        )

    async def _copied(self, upload: Upload, folder: str, name: str) -> Upload:
        file_key = f"{folder}/{name}"
        try:
            size = await self._files.copy(upload.file_key, file_key)
        except UnknownFile as fault:
            raise UploadsRemoved("The files that were sent in with this job have been removed.", hint="Send them again.") from fault
        return Upload(upload.node_id, upload.input_name, name, upload.content_type, size, file_key)
