"""The engine of many machines: servers with the store, one of which leads, and workers anywhere."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any, Self

import structlog
from nats.aio.msg import Msg

from viewcomfy.core.errors import Conflict, ServerUnavailable, StaleLease, ViewComfyError
from viewcomfy.core.events import Event
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.engine.base import Answerer, Claimer, Lease, Ticket, WorkerInfo
from viewcomfy.engine.claims import Fits, fits_all
from viewcomfy.engine.errands import Errands
from viewcomfy.engine.nats.address import parse_address
from viewcomfy.engine.nats.calls import Calls
from viewcomfy.engine.nats.claiming import Claiming
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.desk import Linker
from viewcomfy.engine.nats.held import HeldLeases
from viewcomfy.engine.nats.mailbox import answered
from viewcomfy.engine.nats.news import News
from viewcomfy.engine.nats.office import Office
from viewcomfy.engine.nats.orders import NatsOrders
from viewcomfy.engine.nats.presence import NatsPresence
from viewcomfy.engine.nats.shapes import job_of, lease_of, of_error, of_lease, of_manifest, of_ticket
from viewcomfy.engine.rows import EventRows, QueueRows

PATIENCE = 10.0
"""For how many seconds a call is repeated while nobody answers: longer than it takes another server to lead."""
ENQUEUE_SECONDS = 1.0
"""For how long a server waits to hear that a job was enqueued; it is in the store, and whoever leads finds it there."""
POOLS_KEPT = 10_000

log = structlog.get_logger(__name__)


class NatsEngine:
    """The engine over NATS. Use it as an async context manager: it owns the connection and every task.

    A server has `rows`: the jobs and the events of the store; then it leads whenever no other does. A worker has none, and serves
    `pool`. `attempts`, `lease_seconds`, `fits` and `linker` (which makes links to files) count on servers. NATS has `connect_seconds`
    to answer when it is opened.
    """

    patience = 600.0

    def __init__(
        self,
        url: str,
        rows: tuple[QueueRows, EventRows] | None = None,
        *,
        pool: str = "default",
        name: str = "",
        connect_seconds: float = 30.0,
        lease_seconds: float = 30.0,
        attempts: int = 3,
        clock: Callable[[], float] = time.time,
        fits: Fits = fits_all,
        linker: Linker | None = None,
    ) -> None:
        self._pool = pool
        self._name = name or f"{'worker' if rows is None else 'server'}-{secrets.token_hex(4)}"
        self._queue: QueueRows | None = rows[0] if rows else None
        self._link = Connection(parse_address(url), self._name, patience=connect_seconds)
        self._calls = Calls(self._link.client)
        self._held = HeldLeases(self._link)
        self._claiming = Claiming(self._link, self._calls, self._took)
        self._news = News(self._link, rows[1] if rows else None, self._queue, clock)
        self._presence = NatsPresence(self._link, clock, mirror=rows is not None)
        self._orders = NatsOrders(self._link, pool, self._presence.workers)
        self._pools: OrderedDict[str, str] = OrderedDict()
        self._errands = Errands()
        self._stack = AsyncExitStack()
        self._office: Office | None = None
        if self._queue is not None:
            self._office = Office(
                self._link, self._news, self._queue, lease_seconds=lease_seconds, attempts=attempts, clock=clock, fits=fits, linker=linker,
                name=f"{self._name}-{secrets.token_hex(8)}",
            )  # fmt: skip

    # --- its life -----------------------------------------------------------------------------------------------------
    async def __aenter__(self) -> Self:
        """Connect. Raises ServerUnavailable when NATS does not answer."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._link)
            for part in (self._news, self._presence, self._held):
                await stack.enter_async_context(part)
            if self._office is not None:
                await stack.enter_async_context(self._office)
            await stack.enter_async_context(self._claiming)
            await stack.enter_async_context(self._errands)
            with answered():
                await self._link.client.subscribe(self._link.subjects.news, cb=self._hear)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send everyone away who waits. If this server leads, another one does at once; jobs run on."""
        self._calls.stop()
        await self._stack.aclose()

    async def _hear(self, _: Msg) -> None:
        """Take note that a leader has come or gone."""
        self._claiming.repeat()
        if self._office is not None:
            self._office.nudge()

    # --- jobs ---------------------------------------------------------------------------------------------------------
    async def enqueue(self, ticket: Ticket) -> None:
        """Make a stored job available to workers. Calling it again for the same job does nothing.

        Whoever leads finds it in the store also when this raises ServerUnavailable.
        """
        self._errands.check()
        self._note_pool(ticket.prompt_id, ticket.pool)
        body = {"ticket": of_ticket(ticket)}
        await self._calls.insist(self._link.subjects.lead("enqueue"), body, patience=ENQUEUE_SECONDS, timeout=ENQUEUE_SECONDS)

    async def claim(self, claimer: Claimer) -> Lease:
        """Wait for a job that this worker may run, and lease it. Cancelling the call never loses a job."""
        await self._held.listen(claimer.pool, claimer.worker)
        return await self._claiming.claim(claimer)

    async def job(self, lease: Lease) -> Job | None:
        """Return the leased job with its workflow; None when it is gone, canceled or somebody else's."""
        found = (await self._insist(lease, "job", {}))["job"]
        return None if found is None else job_of(found)

    async def extend(self, lease: Lease) -> Lease:
        """Renew a lease. Raises StaleLease when the job has been given to somebody else, canceled or finished."""
        try:
            return lease_of((await self._insist(lease, "extend", {}))["lease"], lease.pool)
        except StaleLease:
            self._held.lost(lease.prompt_id, lease.attempt)
            raise

    async def commit(self, lease: Lease, manifest: Manifest) -> None:
        """Finish a job: exactly one commit of a job succeeds. Raises StaleLease for every other one."""
        if not manifest.status.is_final:
            raise Conflict(f"A job can't be finished as {manifest.status.value}.")
        self._errands.check()
        await self._errands.finish(self._commit(lease, manifest))

    async def _commit(self, lease: Lease, manifest: Manifest) -> None:
        """Finish a job. Where an answer was lost, the call after it is told to be the same one again."""
        await self._news.flush(lease.prompt_id)
        body = {"lease": of_lease(lease), "manifest": of_manifest(manifest)}
        again = self._held.is_uncertain(lease)
        try:
            await self._calls.repeat(
                self._link.subjects.desk(lease.pool, "commit"), lambda turn: body | {"again": again or turn > 0}, patience=PATIENCE
            )
        except ServerUnavailable:
            self._held.note_uncertain(lease)
            raise
        except StaleLease:
            self._held.lost(lease.prompt_id, lease.attempt)
            raise
        self._held.over(lease)

    async def release(self, lease: Lease, error: JobError, *, retry_in: float = 0.0, counts: bool = True) -> JobStatus:
        """Give a job back that could not be run for a reason outside of it; see the protocol."""
        self._errands.check()
        await self._news.flush(lease.prompt_id)
        body = {"error": of_error(error), "retry_in": retry_in, "counts": counts}
        try:
            status = JobStatus((await self._errands.finish(self._insist(lease, "release", body)))["status"])
        except StaleLease:
            self._held.lost(lease.prompt_id, lease.attempt)
            raise
        self._held.over(lease)
        return status

    async def cancel(self, prompt_id: str) -> JobStatus:
        """Cancel a job that has not finished and return its status afterwards; the worker that runs it is told. Raises UnknownJob."""
        self._errands.check()
        subject = self._link.subjects.lead("cancel")
        answer = await self._errands.finish(self._calls.insist(subject, {"prompt_id": prompt_id}, patience=PATIENCE))
        return JobStatus(answer["status"])

    async def canceled(self, lease: Lease) -> None:
        """Return when the leased job is canceled or taken away; wait for ever otherwise."""
        await self._held.gone(lease)

    @property
    def leads(self) -> bool:
        """Whether this server gives out the jobs now."""
        return self._office is not None and self._office.leads

    async def queue_length(self, pool: str | None = None) -> int:
        """Return how many jobs are waiting; a worker is told of its own pool."""
        self._errands.check()
        subjects = self._link.subjects
        subject = subjects.lead("length") if self._queue is not None else subjects.desk(self._pool, "length")
        try:
            return int((await self._calls.ask(subject, {"pool": pool}, timeout=2.0))["length"])
        except ServerUnavailable:
            if self._queue is None:
                raise
            return await self._queue.waiting(pool)

    async def position(self, prompt_id: str) -> int | None:
        """Return how many jobs stand before this one; None when it does not wait."""
        if self._queue is not None:
            return await self._queue.position(prompt_id)
        found: int | None = (await self._calls.ask(self._link.subjects.desk(self._pool, "position"), {"prompt_id": prompt_id}))["position"]
        return found

    async def lost(self) -> None:
        """Return when NATS has ended the connection for good; otherwise it comes back by itself, and this waits for ever."""
        await self._link.closed.wait()

    def held(self, prompt_id: str) -> Lease | None:
        """Return the lease of a job that is run here."""
        return self._held.of(prompt_id)

    async def link(self, lease: Lease | None, file_key: str, verb: str) -> str:
        """Return a URL to GET an upload of the leased job, or to PUT an output of it, or a catalog. Raises Forbidden for anything else."""
        pool = self._pool if lease is None else lease.pool
        body = {"lease": None if lease is None else of_lease(lease), "key": file_key, "verb": verb}
        return str((await self._calls.insist(self._link.subjects.desk(pool, "link"), body, patience=PATIENCE))["url"])

    # --- news, presence, orders -----------------------------------------------------------------------------------------
    async def emit(self, prompt_id: str, events: Iterable[Event]) -> None:
        """Number the events and carry them to whoever follows the job. Never fails a job."""
        with suppress(ViewComfyError):
            pool = await self._pool_of(prompt_id)
            if pool is not None:
                await self._news.emit(pool, prompt_id, events)

    async def events(self, prompt_id: str, after_seq: int = 0) -> AsyncIterator[Event]:
        """Follow a job: every kept event with a greater seq, then live ones, until the final STATUS event. Raises UnknownJob."""
        async for event in self._news.follow(prompt_id, after_seq):
            yield event

    async def ended(self, prompt_id: str) -> None:
        """Return once the job has its final status. Raises UnknownJob."""
        await self._news.ended(prompt_id)

    async def present(self, info: WorkerInfo) -> None:
        """Tell that a worker is there; it is forgotten some 15 seconds after the last time."""
        await self._presence.note(info)

    async def workers(self, pool: str | None = None) -> list[WorkerInfo]:
        """Return the workers that are there; only servers know."""
        return self._presence.workers(pool)

    async def ask(self, worker: str, order: Mapping[str, Any], *, patience: float = 10.0) -> Mapping[str, Any]:
        """Give a worker an order and return its answer; see the protocol. Raises UnknownWorker, ServerUnavailable."""
        return await self._orders.ask(worker, order, patience)

    async def serve(self, worker: str, answer: Answerer) -> None:
        """Answer what this worker is asked, for ever."""
        await self._orders.serve(worker, answer)

    # --- helpers --------------------------------------------------------------------------------------------------------
    async def _insist(self, lease: Lease, call: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._errands.check()
        subject = self._link.subjects.desk(lease.pool, call)
        return await self._calls.insist(subject, {"lease": of_lease(lease), **body}, patience=PATIENCE)

    def _took(self, lease: Lease) -> None:
        self._held.add(lease)
        self._note_pool(lease.prompt_id, lease.pool)

    def _note_pool(self, prompt_id: str, pool: str) -> None:
        self._pools[prompt_id] = pool
        if len(self._pools) > POOLS_KEPT:
            self._pools.popitem(last=False)

    async def _pool_of(self, prompt_id: str) -> str | None:
        if prompt_id not in self._pools and self._queue is not None:
            job = await self._queue.standing(prompt_id)
            if job is None or job.status.is_final:
                return None
            self._note_pool(prompt_id, job.pool)
        return self._pools.get(prompt_id)
