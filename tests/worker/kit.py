"""A worker on ComfyUIs in memory, with a real store, real files and the local engine."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from viewcomfy.comfy.link import HealthLimits
from viewcomfy.comfy.pool import Pool
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job, JobStatus, Upload
from viewcomfy.core.outputs import content_type_of
from viewcomfy.engine.base import Claimer, Engine, Lease, Ticket
from viewcomfy.engine.claims import Fits, fits_all
from viewcomfy.engine.local import LocalEngine
from viewcomfy.files.base import Files
from viewcomfy.files.local import LocalFiles
from viewcomfy.store.store import Store
from viewcomfy.testing.fake_comfy import NodeClass, ServedFake, run_fake_comfy
from viewcomfy.worker.app import Worker
from viewcomfy.worker.renewal import Look
from viewcomfy.worker.runner import Runner

T = TypeVar("T")
Workflow = dict[str, Any]

DEADLINE = 20.0
IMPATIENT = HealthLimits(silence=0.3, stall=1.0, probe_timeout=0.3, socket_lost=1.0)


def picture(color: int = 0, **more: Workflow) -> Workflow:
    """Return a workflow that saves one plain picture."""
    image = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": color}}
    return {"1": image, "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "p"}}, **more}


def sleeping(seconds: float, seed: int = 1, steps: int = 1) -> Workflow:
    """Return a workflow that takes its time."""
    return picture() | {"1": {"class_type": "TKWait", "inputs": {"seconds": seconds, "steps": steps, "seed": seed}}}


def failing(mode: str, seconds: float = 60.0) -> Workflow:
    """Return a workflow that fails in this way."""
    image = picture()["1"]
    return picture() | {"1": {"class_type": "TKFail", "inputs": {"image": ["2", 0], "mode": mode, "seconds": seconds}}, "2": image}


async def until(found: Callable[[], Awaitable[T | None]]) -> T:
    """Return what is found as soon as it is."""
    async with asyncio.timeout(DEADLINE):
        while True:
            result = await found()
            if result:
                return result
            await asyncio.sleep(0.005)


@dataclass
class Shop:
    """A store, files, an engine and the ComfyUIs that they work for."""

    folder: Path
    store: Store
    files: Files
    engine: Engine
    fakes: list[ServedFake]
    pool: Pool
    runner: Runner
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def submit(
        self,
        workflow: Workflow,
        *,
        deployment: str = "d",
        key: str = "k",
        time_limit: float = 0.0,
        uploads: tuple[Upload, ...] = (),
        affinity: str = "",
    ) -> str:
        """Store and queue a job."""
        job = Job(
            f"00000000-0000-4000-8000-{next(self.numbers):012}", deployment, 1, key, workflow, time.time(),
            uploads=uploads, time_limit=time_limit, affinity=affinity,
        )  # fmt: skip
        await self.store.jobs.add(job)
        await self.engine.enqueue(Ticket(job.prompt_id, job.created_at, key_id=key, affinity=affinity))
        return job.prompt_id

    async def upload(self, node_id: str, name: str, data: bytes) -> Upload:
        """Put an upload into files."""
        key = f"jobs/uploads/{name}"
        size = await self.files.put(key, _chunks([data]))
        return Upload(node_id, "image", name, content_type_of(name), size, key)

    async def claimed(self, workflow: Workflow, **given: Any) -> tuple[Lease, Job]:
        """Submit a job and claim it, for a test that runs it by itself."""
        prompt_id = await self.submit(workflow, **given)
        async with asyncio.timeout(DEADLINE):
            return await self.engine.claim(Claimer("by hand")), await self.job(prompt_id)

    async def job(self, prompt_id: str) -> Job:
        """Return a job as it stands."""
        job = await self.store.jobs.get(prompt_id)
        assert job
        return job

    async def once(self, prompt_id: str, status: JobStatus) -> Job:
        """Return a job as soon as it has this status."""

        async def found() -> Job | None:
            job = await self.job(prompt_id)
            return job if job.status is status else None

        return await until(found)

    async def ended(self, prompt_id: str) -> Job:
        """Return a job once it has ended."""
        async with asyncio.timeout(DEADLINE):
            async for _ in self.engine.events(prompt_id):
                pass
        return await self.job(prompt_id)

    async def succeeded(self, prompt_id: str) -> Job:
        """Return a job that ends well."""
        job = await self.ended(prompt_id)
        assert job.status is JobStatus.SUCCEEDED, job.error
        return job

    async def contents(self, job: Job) -> dict[str, bytes]:
        """Return a job's outputs by their names."""
        return {output.filename: b"".join([chunk async for chunk in self.files.read(output.file_key)]) for output in job.outputs}

    async def events(self, prompt_id: str) -> list[Event]:
        """Return the events of a job that has ended."""
        return [event async for event in self.engine.events(prompt_id)]

    async def lines(self, prompt_id: str) -> list[str]:
        """Return the log lines of a job that has ended."""
        return [str(event.data["text"]) for event in await self.events(prompt_id) if event.kind is EventKind.LOG]


@asynccontextmanager
async def revived(fake: ServedFake) -> AsyncIterator[None]:
    """Start a ComfyUI again, with an empty memory, whenever it has crashed."""

    async def revive() -> None:
        while True:
            await fake.restart()
            await asyncio.sleep(0.02)

    reviving = asyncio.create_task(revive())
    try:
        yield
    finally:
        reviving.cancel()


async def _chunks(data: Sequence[bytes]) -> AsyncIterator[bytes]:
    for chunk in data:
        yield chunk


@asynccontextmanager
async def open_shop(
    folder: Path,
    *,
    backends: int = 1,
    pool: Pool | None = None,
    nodes: Sequence[NodeClass] = (),
    files: Callable[[Path], Files] = LocalFiles,
    lease_seconds: float = 30.0,
    attempts: int = 3,
    grace: float = 1.0,
    fits: Fits = fits_all,
) -> AsyncIterator[Shop]:
    """Open everything but the worker, on ComfyUIs that run already unless a `pool` is given."""
    async with AsyncExitStack() as stack:
        own = {node.name: node for node in nodes}
        fakes = [await stack.enter_async_context(run_fake_comfy(nodes=own)) for _ in range(0 if pool else backends)]
        store = await Store.open(folder / "test.db")
        stack.push_async_callback(store.close)
        local = LocalEngine(store.queue, store.events, lease_seconds=lease_seconds, attempts=attempts, fits=fits)
        engine = await stack.enter_async_context(local)
        pool = pool or Pool.attached([fake.url for fake in fakes], limits=IMPATIENT)
        stack.push_async_callback(pool.stop)
        kept = files(folder / "files")
        runner = Runner(engine=engine, files=kept, cancel_grace=grace)
        yield Shop(folder, store, kept, engine, fakes, pool, runner)


@asynccontextmanager
async def working(shop: Shop, look: Look | None = None) -> AsyncIterator[Worker]:
    """Have a worker at work."""
    worker = Worker(engine=shop.engine, pool=shop.pool, runner=shop.runner, look=look)
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(worker.run())
        try:
            yield worker
        finally:
            for fake in shop.fakes:
                fake.thaw()
            await worker.stop(0)
            await work
