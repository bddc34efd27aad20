"""How fast jobs move through the engines, local and NATS side by side: `python -m bench engines [--postgres URL]`."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools.services.nats import NatsServer
from viewcomfy.core.jobs import Job, JobStatus, Manifest
from viewcomfy.engine.base import Claimer, Engine, Lease, Ticket
from viewcomfy.engine.local import LocalEngine
from viewcomfy.engine.nats.engine import NatsEngine
from viewcomfy.store.store import Store

DONE = Manifest(JobStatus.SUCCEEDED, execution_time=1.0)
WORKFLOW = {"1": {"class_type": "X", "inputs": {}}}
LEASE_SECONDS = 3.0
SLEEP = 0.25
SLOTS = 8
ROUNDS = 3


@dataclass
class Place:
    """An engine as a server has it, and as workers have it. `silent` has a worker claim a job and say nothing more."""

    name: str
    store: Store
    server: Engine
    worker: Callable[[], Awaitable[Engine]]
    silent: Callable[[], Awaitable[None]]
    number: int = 0
    found: dict[str, list[float]] = field(default_factory=dict)

    async def submit(self) -> str:
        """Store and enqueue a job."""
        self.number += 1
        prompt_id = f"job-{self.number}"
        await self.store.jobs.add(Job(prompt_id, "cats", 1, "", WORKFLOW, time.time()))
        await self.server.enqueue(Ticket(prompt_id, time.time()))
        return prompt_id

    def note(self, what: str, *values: float) -> None:
        self.found.setdefault(what, []).extend(values)


async def measure(postgres: str | None, scale: float) -> None:
    """Print a table of figures, the engines taking turns."""
    async with places(postgres) as opened:
        for _ in range(ROUNDS):
            for place in opened:
                await latency(place, int(200 * scale))
                await throughput(place, int(600 * scale))
        for place in opened:
            await sleeping(place)
            await killed(place)
        show(opened, "PostgreSQL" if postgres else "SQLite")


@asynccontextmanager
async def places(postgres: str | None) -> AsyncIterator[list[Place]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        nats = NatsServer(folder / "nats")
        await asyncio.to_thread(nats.start)
        stack.callback(nats.stop)
        alone = await opened_store(stack, folder / "local.db")
        shared = await opened_store(stack, postgres or folder / "nats.db")
        yield [await local_place(stack, alone), await nats_place(stack, shared, f"{nats.url}/bench")]


async def opened_store(stack: AsyncExitStack, url: str | Path) -> Store:
    store = await Store.open(url)
    stack.push_async_callback(store.close)
    return store


async def local_place(stack: AsyncExitStack, store: Store) -> Place:
    engine = await stack.enter_async_context(LocalEngine(store.queue, store.events, lease_seconds=LEASE_SECONDS))

    async def worker() -> Engine:
        return engine

    async def silent() -> None:
        await engine.claim(Claimer("silent"))

    return Place("local", store, engine, worker, silent)


async def nats_place(stack: AsyncExitStack, store: Store, url: str) -> Place:
    server = await stack.enter_async_context(NatsEngine(url, (store.queue, store.events), lease_seconds=LEASE_SECONDS))

    async def worker() -> Engine:
        return await stack.enter_async_context(NatsEngine(url))

    async def silent() -> None:
        """Have a process claim a job, and kill it."""
        command = [sys.executable, "-m", "bench.engines", url]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        await process.stdout.readline()
        process.kill()
        await process.wait()

    return Place("nats", store, server, worker, silent)


async def latency(place: Place, jobs: int) -> None:
    """From the enqueueing of a job to its start on a worker that waits, one after the other."""
    worker = await place.worker()
    for turn in range(jobs + 5):
        task = asyncio.create_task(worker.claim(Claimer("w")))
        await asyncio.sleep(0.005)  # it waits by now
        began = time.perf_counter()
        await place.submit()
        lease = await task
        await worker.job(lease)
        if turn >= 5:
            place.note("start", (time.perf_counter() - began) * 1000)
        await worker.commit(lease, DONE)


async def throughput(place: Place, jobs: int) -> None:
    """Jobs per second from a queue that is full, each claimed, read and committed, by several slots of one worker."""
    worker = await place.worker()
    for _ in range(jobs):
        await place.submit()
    left = [None] * jobs

    async def slot(number: int) -> None:
        while left:
            left.pop()
            lease = await worker.claim(Claimer(f"w{number}"))
            await worker.job(lease)
            await worker.commit(lease, DONE)

    began = time.perf_counter()
    await asyncio.gather(*(slot(number) for number in range(SLOTS)))
    place.note("rate", jobs / (time.perf_counter() - began))


async def sleeping(place: Place) -> None:
    """Jobs per second that only take time, on four workers and on one."""
    rates = []
    for count in (1, 4):
        workers = [await place.worker() for _ in range(count)]
        jobs = 16 * count
        for _ in range(jobs):
            await place.submit()
        began = time.perf_counter()
        await asyncio.gather(*(sleep(worker, f"w{number}", jobs // count) for number, worker in enumerate(workers)))
        rates.append(jobs / (time.perf_counter() - began))
    place.note("four", rates[1] / rates[0])


async def sleep(worker: Engine, name: str, jobs: int) -> None:
    for _ in range(jobs):
        lease = await worker.claim(Claimer(name))
        await worker.job(lease)
        await asyncio.sleep(SLEEP)
        await worker.commit(lease, DONE)


async def killed(place: Place) -> None:
    """How long after the end of its lease the job of a killed worker runs again."""
    worker = await place.worker()
    for _ in range(3):
        prompt_id = await place.submit()
        await place.silent()
        began = time.perf_counter()
        lease: Lease = await worker.claim(Claimer("next"))
        assert (lease.prompt_id, lease.attempt) == (prompt_id, 2)
        place.note("again", time.perf_counter() - began - LEASE_SECONDS)
        await worker.commit(lease, DONE)


def show(opened: Sequence[Place], database: str) -> None:
    rows: list[tuple[str, Callable[[Place], str]]] = [
        ("enqueue to start, p50", lambda place: f"{statistics.median(place.found['start']):.1f} ms"),
        ("enqueue to start, p99", lambda place: f"{statistics.quantiles(place.found['start'], n=100)[98]:.1f} ms"),
        (f"jobs a second, {SLOTS} slots", lambda place: f"{statistics.median(place.found['rate']):.0f}"),
        ("4 workers of 1, sleeping jobs", lambda place: f"{place.found['four'][0]:.2f} x"),
        ("killed worker: lease +", lambda place: f"{max(place.found['again']):.1f} s"),
    ]
    print(f"engines (nats on {database}); enqueueing includes storing the job")
    print(f"{'':32}" + "".join(f"{place.name:>12}" for place in opened))
    for title, figure in rows:
        print(f"{title:32}" + "".join(f"{figure(place):>12}" for place in opened))


async def claim_and_wait(url: str) -> None:
    """Be a worker that claims a job, says so and goes on until it is killed."""
    async with NatsEngine(url) as engine:
        await engine.claim(Claimer("silent"))
        await asyncio.sleep(0.2)  # what it has to say is said
        print("claimed", flush=True)
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(claim_and_wait(sys.argv[1]))
