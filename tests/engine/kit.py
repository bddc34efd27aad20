"""An engine to test, with the store that belongs to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import nats

from tests.engine.apart import Apart
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.core.keys import Key, KeyLimits
from viewcomfy.engine.base import Claimer, Engine, Lease, Ticket
from viewcomfy.engine.claims import Fits, fits_all
from viewcomfy.engine.local import LocalEngine
from viewcomfy.engine.nats.engine import NatsEngine
from viewcomfy.store.store import Store

T = TypeVar("T")

DONE = Manifest(JobStatus.SUCCEEDED, execution_time=0.1)
LOST = JobError("backend_crashed", "ComfyUI ended in mid-job.")
DEADLINE = 20.0
"""Seconds after which a test that waits has failed."""


class Kit(Protocol):
    """What the contract needs beside the engine itself."""

    @property
    def engine(self) -> Engine:
        """Return the engine that is open."""
        raise NotImplementedError

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def remove(self) -> None:
        """Remove what outlives the engine, once it is closed for good."""

    async def limit(self, key_id: str, running: int) -> None:
        """Let so many jobs of a key run at once, from the next opening on or soon."""

    async def add(self, prompt_id: str, **ticket: Any) -> Ticket:
        """Store a job without enqueueing it."""
        raise NotImplementedError

    async def job(self, prompt_id: str) -> Job:
        """Return a job as the store has it."""
        raise NotImplementedError

    async def stored(self) -> None:
        """Wait until the store has every event, and memory has let go of the jobs that ended."""


@dataclass
class LocalKit:
    """The local engine on a SQLite file, or on the database of a URL."""

    folder: Path
    url: str | None = None
    lease_seconds: float = 30.0
    attempts: int = 3
    clock: Callable[[], float] = time.time
    fits: Fits = fits_all
    engine: LocalEngine = field(init=False)
    store: Store = field(init=False)

    async def open(self) -> None:
        self.store = await Store.open(self.url or self.folder / "viewcomfy.db")
        self.engine = LocalEngine(
            self.store.queue,
            self.store.events,
            lease_seconds=self.lease_seconds,
            attempts=self.attempts,
            clock=self.clock,
            fits=self.fits,
        )
        await self.engine.__aenter__()

    async def close(self) -> None:
        await self.engine.__aexit__(None, None, None)
        await self.store.close()

    async def remove(self) -> None: ...

    async def limit(self, key_id: str, running: int) -> None:
        await self.store.keys.add(Key(key_id, "", "", 0.0, limits=KeyLimits(max_running=running)))

    async def add(self, prompt_id: str, **ticket: Any) -> Ticket:
        made = Ticket(prompt_id, ticket.pop("queued_at", None) or self.clock(), **ticket)
        job = Job(
            prompt_id, "cats", 1, made.key_id, {"1": {"class_type": "X", "inputs": {}}}, made.queued_at,
            pool=made.pool, priority=made.priority, affinity=made.affinity,
        )  # fmt: skip
        await self.store.jobs.add(job)
        return made

    async def job(self, prompt_id: str) -> Job:
        found = await self.store.jobs.get(prompt_id)
        assert found is not None
        return found

    async def stored(self) -> None:
        await until(lambda: not self.engine._bus._unstored and not self.engine._bus._ending)


@dataclass
class NatsKit(LocalKit):
    """A server and a worker on NATS, the server with a store. Opened again, all that ran is taken back at once.

    `nats` is the engine's URL, with a namespace of its own.
    """

    nats: str = ""
    engine: Apart = field(init=False)  # type: ignore[assignment]  # the tests that reach into the local one are its own
    late: float = 0.0
    is_new: bool = True

    async def open(self) -> None:
        self.store = await Store.open(self.url or self.folder / "viewcomfy.db")
        self.engine = Apart(self._made(self.store), self._made(None))
        await self.engine.open()
        if not self.is_new:
            self.late += self.lease_seconds + 1
            await self.until_nothing_runs()
        self.is_new = False

    async def stored(self) -> None:
        await until(self.engine.server._news.archived)

    async def until_nothing_runs(self) -> None:
        """Wait until whoever leads has taken back what ran when the engine was closed: its leases have ended meanwhile."""

        async def nothing_runs() -> bool:
            return not await self.store.queue.running()

        await until(nothing_runs)

    async def remove(self) -> None:
        server, _, namespace = self.nats.rpartition("/")
        link = await nats.connect(server)
        streams = link.jetstream()
        for stream in await streams.streams_info():
            if namespace in str(stream.config.name):
                await streams.delete_stream(str(stream.config.name))
        await link.close()

    def _made(self, store: Store | None) -> NatsEngine:
        rows = None if store is None else (store.queue, store.events)
        return NatsEngine(
            self.nats,
            rows,
            lease_seconds=self.lease_seconds,
            attempts=self.attempts,
            clock=lambda: self.clock() + self.late,
            fits=self.fits,
        )


ENGINES: dict[str, Callable[..., Kit]] = {"local": LocalKit, "local on postgresql": LocalKit, "nats": NatsKit}


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until something has become true, looking again and again."""
    for _ in range(int(DEADLINE / 0.01)):
        found = true()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def submit(kit: Kit, *prompt_ids: str, **ticket: Any) -> None:
    """Store and enqueue jobs."""
    for prompt_id in prompt_ids:
        await kit.engine.enqueue(await kit.add(prompt_id, **ticket))


async def claim(kit: Kit, worker: str = "w", **claimer: Any) -> Lease:
    """Claim a job that must be there."""
    return await soon(kit.engine.claim(Claimer(worker, **claimer)))


async def soon(awaitable: Awaitable[T]) -> T:
    """Await something that must not take for ever."""
    async with asyncio.timeout(DEADLINE):
        return await awaitable


async def story(kit: Kit, prompt_id: str, after_seq: int = 0) -> list[Event]:
    """Return all the events of a job that ends."""

    async def collect() -> list[Event]:
        return [event async for event in kit.engine.events(prompt_id, after_seq)]

    return await soon(collect())


def statuses(events: list[Event]) -> list[tuple[str, int]]:
    """Return the changes of status that events tell, with the attempts."""
    return [(event.data["status"], event.data["attempt"]) for event in events if event.kind is EventKind.STATUS]


def log(text: str) -> Event:
    return Event(EventKind.LOG, {"text": text, "source": "comfyui"})


def texts(events: list[Event]) -> list[str]:
    """Return the log lines among events."""
    return [event.data["text"] for event in events if event.kind is EventKind.LOG]
