"""A server in miniature that is killed: it accepts jobs and runs them, and says so on its standard output."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from pathlib import Path

from viewcomfy.core.jobs import Job, JobStatus, Manifest
from viewcomfy.engine.base import Claimer, Ticket
from viewcomfy.engine.local import LocalEngine
from viewcomfy.store.store import Store


def say(*words: str) -> None:
    print(*words, flush=True)


async def accept(store: Store, engine: LocalEngine, client: int) -> None:
    for number in itertools.count():
        prompt_id = f"{client}-{number}"
        now = time.time()
        await store.jobs.add(Job(prompt_id, "cats", 1, "key", {"1": {}}, now))
        await engine.enqueue(Ticket(prompt_id, now))
        say("accepted", prompt_id)
        await asyncio.sleep(0.004)


async def work(engine: LocalEngine, worker: str) -> None:
    while True:
        lease = await engine.claim(Claimer(worker))
        await asyncio.sleep(0.01)
        await engine.commit(lease, Manifest(JobStatus.SUCCEEDED))
        say("committed", lease.prompt_id)


async def main(folder: Path) -> None:
    store = await Store.open(folder / "viewcomfy.db")
    async with LocalEngine(store.queue, store.events) as engine, asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(accept(store, engine, number))
            group.create_task(work(engine, f"w{number}"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
