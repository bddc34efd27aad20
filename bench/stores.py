"""What a store does in a second, SQLite and PostgreSQL taking turns: `python -m bench stores [--postgres URL]`."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.workflows import text_to_image
from tools.services.postgres import Postgres
from viewcomfy.core.jobs import Job, JobStatus, Manifest
from viewcomfy.core.scheduling import Lane
from viewcomfy.store.store import Store

AT_ONCE = 16
DONE = Manifest(JobStatus.SUCCEEDED, execution_time=1.0)

Operation = Callable[[Store, int], Coroutine[Any, Any, None]]


async def measure(postgres: str | None, scale: float) -> None:
    """Print jobs per second, and how long a claim takes with many jobs in many lanes."""
    async with stores(postgres) as opened:
        await throughput(opened, int(400 * scale))
        for name, store in opened.items():
            await claims(name, store, waiting=int(10_000 * scale), lanes=600)


@asynccontextmanager
async def stores(postgres: str | None) -> AsyncIterator[dict[str, Store]]:
    with tempfile.TemporaryDirectory() as folder:
        server = None if postgres else Postgres(Path(folder) / "postgres")
        if server is not None:
            await asyncio.to_thread(server.start)
            postgres = server.database()
        assert postgres is not None
        opened = {"SQLite": await Store.open(Path(folder) / "v.db"), "PostgreSQL": await Store.open(postgres)}
        try:
            yield opened
        finally:
            for store in opened.values():
                await store.close()
            if server is not None:
                server.remove()


async def throughput(opened: dict[str, Store], jobs: int, rounds: int = 5) -> None:
    operations: dict[str, Operation] = {"add": add, "claim": claim, "extend": extend, "commit": commit}
    for width in (1, AT_ONCE):
        rates: dict[tuple[str, str], list[float]] = {}
        for round_number in range(rounds):
            for name, store in opened.items():
                for label, operation in operations.items():
                    started = time.perf_counter()
                    await many(store, operation, range(round_number * jobs, (round_number + 1) * jobs), width)
                    rates.setdefault((label, name), []).append(jobs / (time.perf_counter() - started))
                await store._database.run(lambda connection: connection.execute(text("DELETE FROM workflows")))
                await store._database.run(lambda connection: connection.execute(text("DELETE FROM jobs")))
        for label in operations:
            told = ", ".join(f"{name} {statistics.median(rates[label, name]):,.0f}/s" for name in opened)
            print(f"{label}, {width} at once: {told} (medians of {rounds} rounds of {jobs})")


async def many(store: Store, operation: Operation, numbers: Sequence[int], width: int) -> None:
    waiting = iter(numbers)

    async def lane() -> None:
        for number in waiting:
            await operation(store, number)

    await asyncio.gather(*(lane() for _ in range(width)))


async def add(store: Store, number: int) -> None:
    await store.jobs.add(Job(f"job-{number}", "cats", 1, "key", text_to_image(number), float(number)))


async def claim(store: Store, _: int) -> None:
    assert await store.queue.claim("default", first, now=1e9, expires_at=1e9 + 30)


async def extend(store: Store, number: int) -> None:
    await store.queue.extend(f"job-{number}", 1, expires_at=2e9)


async def commit(store: Store, number: int) -> None:
    await store.queue.commit(f"job-{number}", 1, DONE, now=1e9)


def first(lanes: Sequence[Lane]) -> tuple[Lane, str] | None:
    return (lanes[0], "w") if lanes else None


def anywhere(lanes: Sequence[Lane]) -> tuple[Lane, str] | None:
    return (random.choice(lanes), "w") if lanes else None


async def claims(name: str, store: Store, *, waiting: int, lanes: int) -> None:
    """Claim with many jobs in many lanes, beside as many that have ended: what the index must be good for."""
    members = [
        Job(f"w-{number}", "cats", 1, f"key-{number % lanes // 6}", {}, float(number), affinity=f"models-{number % 6}")
        for number in range(waiting)
    ]
    for job in members:
        await store.jobs.add(job)
    seconds = []
    for _ in range(200):
        started = time.perf_counter()
        claimed = await store.queue.claim("default", anywhere, now=1e9, expires_at=2e9)
        seconds.append(time.perf_counter() - started)
        assert claimed is not None
        await store.queue.commit(*claimed, DONE, now=1e9)
    middle, slow = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    print(f"{name}: a claim among {waiting:,} jobs in {lanes} lanes takes {middle * 1000:.1f} ms (p95 {slow * 1000:.1f} ms)")
