"""The services over a real store, real files and the local engine; no ComfyUI, a test plays the worker itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viewcomfy.core.deployments import Deployment
from viewcomfy.core.jobs import Job, JobStatus, Manifest
from viewcomfy.core.keys import Caller
from viewcomfy.engine.base import Claimer, WorkerInfo
from viewcomfy.engine.local import LocalEngine
from viewcomfy.files.base import Files
from viewcomfy.files.fetch import Fetcher
from viewcomfy.files.fetch_limits import FetchLimits
from viewcomfy.files.local import LocalFiles
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.checker import Checker
from viewcomfy.service.conversions import Conversions
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.eligibility import Eligibility
from viewcomfy.service.infer import InferLimits, InferService
from viewcomfy.service.intake import Intake
from viewcomfy.service.jobs import JobService
from viewcomfy.service.keys import KeyService
from viewcomfy.service.past_jobs import PastJobs
from viewcomfy.service.quotas import Quotas
from viewcomfy.service.received import Received, ReceivedFile
from viewcomfy.service.verdicts import Verdicts
from viewcomfy.store.store import Store


async def nothing() -> None:
    """Do nothing."""


PNG = b"\x89PNG\r\n\x1a\n"
"""What a picture begins with: a file is known by that."""
WORKFLOW: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "2": {"class_type": "KSampler", "inputs": {"seed": 1, "image": ["1", 0]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
}


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """The services, and what they work with."""

    folder: Path
    store: Store
    files: Files
    engine: LocalEngine
    clock: Clock
    deployments: DeploymentService
    infer: InferService
    jobs: JobService
    keys: KeyService
    past_jobs: PastJobs
    caller: Caller = field(default_factory=Caller)
    inspect: Callable[[], Awaitable[None]] = nothing
    """What the worker does when it is asked what its backends have."""

    async def answer(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        """Play the worker that is asked something."""
        await self.inspect()
        return {}

    async def deploy(self, name: str = "d", workflow: dict[str, Any] | None = None) -> Deployment:
        """Deploy a workflow."""
        return await self.deployments.deploy(name, workflow or WORKFLOW)

    async def new_caller(self, **options: Any) -> Caller:
        """Make a key and call with it."""
        key, secret = await self.keys.create("test", options.pop("deployments", None), options.pop("allow_override", None))
        return await self.keys.authenticate(key.client_id, secret)

    async def submit(
        self, deployment: Deployment, params: Any = None, *files: ReceivedFile, caller: Caller | None = None, **more: Any
    ) -> Job:
        """Submit a job as a request would."""
        received = Received(params={"2-inputs-seed": 5} if params is None else params, files=files, **more)
        return await self.infer.submit(caller or self.caller, deployment, received)

    def file(self, data: bytes = PNG + b"picture", field: str = "1-inputs-image", filename: str = "cat.png") -> ReceivedFile:
        """Return a file as it lies after it was received."""
        path = self.folder / f"received-{len(list(self.folder.glob('received-*')))}"
        path.write_bytes(data)
        return ReceivedFile(field, filename, "image/png", len(data), path)

    def stored(self) -> list[str]:
        """Return the keys of all files."""
        root = self.folder / "files"
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    async def finish(self, prompt_id: str, status: JobStatus = JobStatus.SUCCEEDED) -> None:
        """Play the worker of the next job, which must be this one."""
        async with asyncio.timeout(5):
            lease = await self.engine.claim(Claimer("test"))
        assert lease.prompt_id == prompt_id
        await self.engine.commit(lease, Manifest(status))


@asynccontextmanager
async def open_desk(
    folder: Path, *, files: Files | None = None, max_queue: int = 100, time_limit: float = 0.0, backends: int = 1
) -> AsyncIterator[Desk]:
    """Open everything."""
    async with AsyncExitStack() as stack:
        store = await Store.open(folder / "test.db")
        stack.push_async_callback(store.close)
        verdicts = Verdicts()
        engine = await stack.enter_async_context(LocalEngine(store.queue, store.events, fits=verdicts.fits))
        await engine.present(WorkerInfo("test", "default", ({"name": "comfyui-0"},) * backends))
        clock, kept = Clock(), files or LocalFiles(folder / "files")
        deployments = DeploymentService(store.deployments, clock)
        catalogs = CatalogService(engine=engine, files=kept)
        checker, eligibility = Checker(catalogs), Eligibility(verdicts, store.needs, catalogs, engine)
        infer = InferService(
            deployments=deployments,
            rows=store.jobs,
            files=kept,
            engine=engine,
            checker=checker,
            conversions=Conversions(catalogs),
            intake=Intake(folder / "tmp", Fetcher(FetchLimits()), 2**20),
            quotas=Quotas(store.accepted, clock),
            limits=InferLimits(max_queue, time_limit),
            eligibility=eligibility,
            clock=clock,
        )
        jobs = JobService(store.jobs, engine, clock, poll_seconds=0.05)
        keys = KeyService(store.keys, store.meta, clock)
        past_jobs = PastJobs(jobs=jobs, rows=store.jobs, files=kept, infer=infer, deployments=deployments, checker=checker, clock=clock)
        desk = Desk(folder, store, kept, engine, clock, deployments, infer, jobs, keys, past_jobs)
        serving = asyncio.create_task(engine.serve("test", desk.answer))
        await asyncio.sleep(0)
        yield desk
        serving.cancel()
