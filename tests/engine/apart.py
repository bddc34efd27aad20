"""A server and a worker that only NATS connects, as one engine: each does its part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from viewcomfy.core.events import Event
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.engine.base import Answerer, Claimer, Lease, Ticket, WorkerInfo
from viewcomfy.engine.nats.engine import NatsEngine


class Apart:
    """What callers ask goes to the server's engine, what workers do to the worker's."""

    def __init__(self, server: NatsEngine, worker: NatsEngine) -> None:
        self.server = server
        self.worker = worker
        self._taken: set[str] = set()

    async def open(self) -> None:
        await self.server.__aenter__()
        await self.worker.__aenter__()

    async def __aexit__(self, *_: object) -> None:
        await self.worker.__aexit__()
        await self.server.__aexit__()

    @property
    def patience(self) -> float:
        return self.worker.patience

    async def enqueue(self, ticket: Ticket) -> None:
        await self.server.enqueue(ticket)

    async def claim(self, claimer: Claimer) -> Lease:
        lease = await self.worker.claim(claimer)
        self._taken.add(lease.prompt_id)
        return lease

    async def job(self, lease: Lease) -> Job | None:
        return await self.worker.job(lease)

    async def extend(self, lease: Lease) -> Lease:
        return await self.worker.extend(lease)

    async def commit(self, lease: Lease, manifest: Manifest) -> None:
        await self.worker.commit(lease, manifest)

    async def release(self, lease: Lease, error: JobError, *, retry_in: float = 0.0, counts: bool = True) -> JobStatus:
        return await self.worker.release(lease, error, retry_in=retry_in, counts=counts)

    async def cancel(self, prompt_id: str) -> JobStatus:
        return await self.server.cancel(prompt_id)

    async def canceled(self, lease: Lease) -> None:
        await self.worker.canceled(lease)

    async def emit(self, prompt_id: str, events: Iterable[Event]) -> None:
        await (self.worker if prompt_id in self._taken else self.server).emit(prompt_id, events)

    async def events(self, prompt_id: str, after_seq: int = 0) -> AsyncIterator[Event]:
        async for event in self.server.events(prompt_id, after_seq):
            yield event

    async def ended(self, prompt_id: str) -> None:
        await self.server.ended(prompt_id)

    async def queue_length(self, pool: str | None = None) -> int:
        return await self.server.queue_length(pool)

    async def position(self, prompt_id: str) -> int | None:
        return await self.server.position(prompt_id)

    async def present(self, info: WorkerInfo) -> None:
        await self.worker.present(info)
        for engine in (self.worker, self.server):  # what was said has been sent, and then heard
            await engine._link.client.flush()
        await asyncio.sleep(0.01)

    async def workers(self, pool: str | None = None) -> list[WorkerInfo]:
        return await self.server.workers(pool)

    async def ask(self, worker: str, order: Mapping[str, Any], *, patience: float = 10.0) -> Mapping[str, Any]:
        return await self.server.ask(worker, order, patience=patience)

    async def serve(self, worker: str, answer: Answerer) -> None:
        await self.worker.serve(worker, answer)
