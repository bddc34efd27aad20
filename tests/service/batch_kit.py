"""The batches of a desk, with the pictures and calls that tests send."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from tests.service.kit import Desk
from viewcomfy.core.batches import Batch
from viewcomfy.core.deployments import Deployment
from viewcomfy.core.jobs import Job, JobStatus, Manifest
from viewcomfy.core.keys import Caller
from viewcomfy.core.outputs import Output
from viewcomfy.engine.base import Claimer
from viewcomfy.files.fetch import Fetcher
from viewcomfy.files.fetch_limits import FetchLimits
from viewcomfy.service.batches import BatchLimits, BatchService
from viewcomfy.service.intake import Intake
from viewcomfy.service.received import ReceivedFile

SEEDS: dict[str, Any] = {"list": [{"seed": 1}, {"seed": 2}, {"seed": 3}]}


def png(color: str = "red", size: tuple[int, int] = (4, 4), mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, color).save(target, "PNG")
    return target.getvalue()


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


class Office:
    """A desk that takes batches."""

    def __init__(self, desk: Desk, limits: BatchLimits | None = None) -> None:
        self.desk = desk
        self.tmp = desk.folder / "tmp"
        self.batches = BatchService(
            rows=desk.store.batches,
            infer=desk.infer,
            intake=Intake(self.tmp, Fetcher(FetchLimits()), 2**20),
            files=desk.files,
            engine=desk.engine,
            folder=self.tmp,
            limits=limits,
            clock=desk.clock,
        )

    async def submit(
        self,
        deployment: Deployment,
        spec: dict[str, Any] | None = None,
        *files: ReceivedFile,
        batch_id: str | None = None,
        caller: Caller | None = None,
    ) -> Batch:
        return await self.batches.submit(caller or self.desk.caller, deployment, spec or SEEDS, files, batch_id)

    async def jobs(self, batch: Batch) -> list[Job]:
        found = [await self.desk.store.jobs.get(prompt_id) for prompt_id in batch.prompt_ids]
        return [job for job in found if job]

    async def work(self, *pictures: bytes, status: JobStatus = JobStatus.SUCCEEDED) -> Job:
        """Play the worker of the next job, which makes these pictures."""
        lease = await self.desk.engine.claim(Claimer("test"))
        outputs = []
        for number, data in enumerate(pictures):
            path = self.desk.folder / "made.png"
            path.write_bytes(data)
            key = f"jobs/{lease.prompt_id}/out-{lease.attempt}/{number}.png"
            size = await self.desk.files.put_file(key, path)
            path.unlink()
            outputs.append(Output(f"{number}.png", "image/png", size, key, "9"))
        await self.desk.engine.commit(lease, Manifest(status, tuple(outputs)))
        job = await self.desk.store.jobs.get(lease.prompt_id)
        assert job is not None
        return job

    def left_behind(self) -> list[str]:
        return [path.name for path in self.tmp.rglob("*") if path.is_file()] + self.desk.stored()
