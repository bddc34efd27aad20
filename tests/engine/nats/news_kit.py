"""News over a real server, with the store that belongs to it; without the rest of an engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job, JobStatus, Manifest
from viewcomfy.engine.nats.address import parse_address
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.news import News
from viewcomfy.store.store import Store

POOL = "default"


@dataclass
class Site:
    """One server's news on a store."""

    news: News
    store: Store
    link: Connection
    clock: Callable[[], float] = time.time

    async def add(self, prompt_id: str) -> None:
        """Store a job and tell that it waits."""
        await self.store.jobs.add(Job(prompt_id, "cats", 1, "", {"1": {"class_type": "X", "inputs": {}}}, self.clock()))
        self.news.status(POOL, prompt_id, JobStatus.QUEUED, 0)

    async def run(self, prompt_id: str) -> None:
        """Have the job run."""
        claimed = await self.store.queue.claim(POOL, lambda lanes: (lanes[0], "w"), now=self.clock(), expires_at=self.clock() + 60)
        assert claimed == (prompt_id, 1)
        self.news.status(POOL, prompt_id, JobStatus.RUNNING, 1)

    async def end(self, prompt_id: str, *, tell: bool = True) -> None:
        """Have the job succeed; `tell=False` is a leader that dies before it has told so."""
        await self.store.queue.commit(prompt_id, 1, Manifest(JobStatus.SUCCEEDED, execution_time=0.1), now=self.clock())
        if tell:
            self.news.status(POOL, prompt_id, JobStatus.SUCCEEDED, 1)

    async def log(self, prompt_id: str, *lines: str) -> None:
        """Have the job print lines."""
        await self.news.emit(POOL, prompt_id, [Event(EventKind.LOG, {"text": line, "source": "comfyui"}) for line in lines])

    async def story(self, prompt_id: str, after_seq: int = 0) -> list[Event]:
        """Return all the events of a job that ends."""
        async with asyncio.timeout(60):
            return [event async for event in self.news.follow(prompt_id, after_seq)]

    async def archived(self) -> None:
        """Wait until the store has the story of every job that ended."""
        async with asyncio.timeout(60):
            while True:  # a consumer has no event to wait for
                if await self._is_archived():
                    return
                await asyncio.sleep(0.05)

    async def _is_archived(self) -> bool:
        with suppress(ServerUnavailable):
            return await self.news.archived()
        return False


def connected(url: str) -> Connection:
    """Return a connection that is not open yet."""
    return Connection(parse_address(url), "test")


@asynccontextmanager
async def site(url: str, folder: Path, *, leads: bool = True, name: str = "viewcomfy.db") -> AsyncIterator[Site]:
    """Open a server's news; one that leads keeps the archive."""
    store = await Store.open(folder / name)
    async with connected(url) as link, News(link, store.events, store.queue) as news:
        archiving = asyncio.create_task(news.keep_archive()) if leads else None
        try:
            yield Site(news, store, link)
        finally:
            if archiving is not None:
                archiving.cancel()
                await asyncio.gather(archiving, return_exceptions=True)
    await store.close()
