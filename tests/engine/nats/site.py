"""Servers on one store, and workers, each with an engine of its own on the same NATS."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.engine.kit import DONE
from viewcomfy.core.errors import StaleLease
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.engine.base import Claimer, Lease, Ticket
from viewcomfy.engine.nats.engine import NatsEngine
from viewcomfy.store.store import Store

DEADLINE = 40.0


class Site:
    """A store and the engines that are open on it."""

    def __init__(self, url: str, database: str | Path, stack: AsyncExitStack, store: Store) -> None:
        self.url = url
        self.database = database
        self.store = store
        self._stack = stack

    async def server(self, **settings: Any) -> NatsEngine:
        """Open another server."""
        return await self._stack.enter_async_context(NatsEngine(self.url, (self.store.queue, self.store.events), **settings))

    async def worker(self, url: str | None = None, **settings: Any) -> NatsEngine:
        """Open the engine of another worker."""
        return await self._stack.enter_async_context(NatsEngine(url or self.url, **settings))

    async def add(self, engine: NatsEngine, *prompt_ids: str, workflow: dict[str, Any] | None = None, **more: Any) -> None:
        """Store and enqueue jobs by way of a server."""
        for prompt_id in prompt_ids:
            job = Job(prompt_id, "cats", 1, "", workflow or {"1": {"class_type": "X", "inputs": {}}}, engine._news._clock(), **more)
            await self.store.jobs.add(job)
            await engine.enqueue(Ticket(prompt_id, job.created_at, job.pool))

    async def status(self, prompt_id: str) -> tuple[JobStatus, int]:
        """Return where a job stands, and its attempt."""
        job = await self.store.queue.standing(prompt_id)
        assert job is not None
        return job.status, job.attempt


@asynccontextmanager
async def open_site(url: str, database: str | Path) -> AsyncIterator[Site]:
    """Open a store without any engine; the engines are closed before it."""
    store = await Store.open(database)
    try:
        async with AsyncExitStack() as stack:
            yield Site(url, database, stack, store)
    finally:
        await store.close()


async def claim(engine: NatsEngine, worker: str = "w", **claimer: Any) -> Lease:
    """Claim a job that must come."""
    async with asyncio.timeout(DEADLINE):
        return await engine.claim(Claimer(worker, **claimer))


async def work(engine: NatsEngine, worker: str, done: list[str]) -> None:
    """Run one job after the other, for ever."""
    while True:
        lease = await engine.claim(Claimer(worker))
        await asyncio.sleep(0.01)
        with suppress(StaleLease):  # its lease has ended while nobody led
            await engine.commit(lease, DONE)
            done.append(lease.prompt_id)


class ServerProcess:
    """A server in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, url: str, database: str, lease_seconds: float = 30.0) -> ServerProcess:
        """Start it; it is not known yet whether it leads."""
        script = Path(__file__).with_name("leading.py")
        return cls(
            await asyncio.create_subprocess_exec(sys.executable, str(script), url, database, str(lease_seconds), stdout=subprocess.PIPE)
        )

    async def says(self, word: str) -> None:
        """Wait until it says that it leads, or follows."""
        assert self._process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            while word != (line := (await self._process.stdout.readline()).decode().strip()):
                assert line, "it has ended"

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it at once."""
        if self._process.returncode is None:
            self._process.kill()
        if self._process.stdout is not None:
            await self._process.stdout.read()
        await self._process.wait()
