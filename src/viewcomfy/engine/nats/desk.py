"""The desk: what the leader answers to workers and to other servers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any, Self

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from viewcomfy.core.errors import BadInput, Forbidden, InternalError, StaleLease, ViewComfyError
from viewcomfy.core.jobs import JobError, JobStatus
from viewcomfy.engine.base import Lease
from viewcomfy.engine.dispatcher import Dispatcher
from viewcomfy.engine.errands import Errands
from viewcomfy.engine.nats.calls import Answering, Calls, is_inbox
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.envelope import Json
from viewcomfy.engine.nats.grants import Grants
from viewcomfy.engine.nats.mailbox import answered
from viewcomfy.engine.nats.shapes import claimer_of, error_of, lease_of, manifest_of, of_job, of_lease, ticket_of
from viewcomfy.engine.nats.subjects import text_of
from viewcomfy.engine.rows import QueueRows

Linker = Callable[[str, str], Awaitable[str]]
"""Given the key of a file and "GET" or "PUT", return a URL where that may be done for a while."""
Handler = Callable[[str, Json], Awaitable[Json | None]]
"""Takes the pool ("" for servers) and what is asked; returns None where there is nothing to say."""

_CATALOG = re.compile(r"catalogs/[A-Za-z0-9._-]+")
_LOST = JobError("worker_lost", "The job was given back.")

log = structlog.get_logger(__name__)


class Desk:
    """Answers while this server leads. Use it as an async context manager, within the dispatcher's.

    The subject tells the pool, which a worker's credentials fix: a lease of another pool's job is worth nothing there.
    """

    def __init__(
        self, link: Connection, dispatcher: Dispatcher, queue: QueueRows, *, linker: Linker | None, may_act: Callable[[], bool]
    ) -> None:
        self._link = link
        self._dispatcher = dispatcher
        self._queue = queue
        self._linker = linker
        self._may_act = may_act
        self._calls = Calls(link.client)
        self._answering = Answering(link.client)
        self._grants = Grants(dispatcher, self._calls)
        self._errands = Errands()
        self._stack = AsyncExitStack()
        self._at_desk: dict[str, Handler] = {
            "claim": self._claim, "unclaim": self._unclaim, "taken": self._taken, "extend": self._extend, "commit": self._commit,
            "release": self._release, "job": self._job, "link": self._give_link, "length": self._length, "position": self._position,
        }  # fmt: skip
        self._at_lead: dict[str, Handler] = {
            "enqueue": self._enqueue, "cancel": self._cancel, "length": self._length, "position": self._position,
        }  # fmt: skip

    async def __aenter__(self) -> Self:
        subjects = self._link.subjects
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._errands)
            with answered():
                for subject in (subjects.every_desk, subjects.every_lead):
                    stack.push_async_callback(_unsubscribe, await self._link.client.subscribe(subject, cb=self._take))
            await stack.enter_async_context(self._grants)  # the last: at the end it must hear which jobs are taken
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def tell_gone(self, lease: Lease) -> None:
        """Tell a worker that a job of its was taken from it."""
        if self._errands.is_open:
            subject = self._link.subjects.gone(lease.pool, lease.worker)
            self._errands.start(self._calls.tell(subject, {"prompt_id": lease.prompt_id, "attempt": lease.attempt}))

    # --- answering ----------------------------------------------------------------------------------------------------
    async def _take(self, message: Msg) -> None:
        """Begin to answer: what takes long must not hold up the others. What is told of claims is taken in the order in which it came."""
        is_ours = self._may_act() or message.subject.endswith(".taken")  # otherwise another one answers
        if is_ours and self._errands.is_open:
            self._errands.start(self._answer(message))

    async def _answer(self, message: Msg) -> None:
        _, _, rest = message.subject.partition(f"{self._link.namespace}.")
        desk, *pool, call = rest.split(".")
        handlers = self._at_desk if desk == "desk" else self._at_lead

        async def answer(body: dict[str, Any]) -> Json | None:
            handler = handlers.get(call)
            if handler is None:
                raise BadInput(f"This server does not know {call[:80]!r}.", hint="It may be older than the worker: update it.")
            try:
                return await handler(text_of(pool[0]) if pool else "", body)
            except ViewComfyError:
                raise
            except Exception as fault:  # it belongs to the asker: it must not end the leader
                log.exception("a call failed through a fault of ours", call=call)
                raise InternalError(f"The server failed: {type(fault).__name__}.", hint="Its log has the trace.") from fault

        await self._answering.take(message, answer)

    # --- what workers ask -------------------------------------------------------------------------------------------------
    async def _claim(self, pool: str, body: Json) -> Json:
        if not is_inbox(body["inbox"]):
            raise BadInput("A job is offered in an inbox.")
        stands = self._grants.ask(body["claim"], claimer_of(body["claimer"], pool), body["inbox"], body.get("instead_of"))
        return {"stands": stands}

    async def _unclaim(self, _: str, body: Json) -> None:
        self._grants.withdraw(body["claim"])

    async def _taken(self, pool: str, body: Json) -> None:
        lease = lease_of(body["lease"], pool)
        if not self._grants.taken(body["claim"], lease.prompt_id) and self._may_act():
            job = await self._queue.standing(lease.prompt_id)
            if job is None or (job.status, job.attempt) != (JobStatus.RUNNING, lease.attempt):  # it came too late
                self.tell_gone(lease)

    async def _job(self, pool: str, body: Json) -> Json:
        job = await self._dispatcher.job(lease_of(body["lease"], pool))
        return {"job": None if job is None or job.pool != pool else of_job(job)}

    async def _extend(self, pool: str, body: Json) -> Json:
        return {"lease": of_lease(await self._dispatcher.extend(await self._admitted(pool, body)))}

    async def _commit(self, pool: str, body: Json) -> Json:
        lease = await self._admitted(pool, body)
        await self._dispatcher.commit(lease, manifest_of(body["manifest"]), again=bool(body.get("again")))
        return {}

    async def _release(self, pool: str, body: Json) -> Json:
        lease = await self._admitted(pool, body)
        error = error_of(body.get("error")) or _LOST
        status = await self._dispatcher.release(lease, error, retry_in=float(body["retry_in"]), counts=bool(body["counts"]))
        return {"status": status.value}

    async def _admitted(self, pool: str, body: Json) -> Lease:
        """Return the lease that is spoken of; raise StaleLease when its job is another pool's."""
        lease = lease_of(body["lease"], pool)
        held = self._dispatcher.lease(lease.prompt_id)
        if held is None:
            job = await self._queue.standing(lease.prompt_id)
            its_pool = None if job is None else job.pool
        else:
            its_pool = held.pool
        if its_pool != pool:
            raise StaleLease(f"There is no job {lease.prompt_id[:80]!r} in the pool {pool}.")
        return lease

    async def _give_link(self, pool: str, body: Json) -> Json:
        """Return a link to read an upload of a leased job, or to write an output of one, or a catalog."""
        key, verb = str(body["key"]), str(body["verb"])
        lease = None if body.get("lease") is None else await self._admitted(pool, body)
        if self._linker is None or not await self._may_link(lease, key, verb):
            raise Forbidden(f"No link to {verb[:10]} {key[:200]!r} is given to a worker of the pool {pool}.")
        return {"url": await self._linker(key, verb)}

    async def _may_link(self, lease: Lease | None, key: str, verb: str) -> bool:
        if _CATALOG.fullmatch(key):
            return True
        job = None if lease is None else await self._dispatcher.job(lease)
        if job is None:
            return False
        if verb == "PUT":
            start = f"jobs/{job.prompt_id}/out-{job.attempt}-"
            return key.startswith(start) and "/" not in key.removeprefix(start)
        return verb == "GET" and any(upload.file_key == key for upload in job.uploads)

    # --- what servers ask -------------------------------------------------------------------------------------------------
    async def _enqueue(self, _: str, body: Json) -> Json:
        await self._dispatcher.enqueue(ticket_of(body["ticket"]))
        return {}

    async def _cancel(self, _: str, body: Json) -> Json:
        status: JobStatus = await self._dispatcher.cancel(str(body["prompt_id"]))
        return {"status": status.value}

    async def _length(self, pool: str, body: Json) -> Json:
        return {"length": self._dispatcher.length(pool or body.get("pool"))}

    async def _position(self, _: str, body: Json) -> Json:
        return {"position": await self._queue.position(str(body["prompt_id"]))}


async def _unsubscribe(subscription: Subscription) -> None:
    with suppress(Error, OSError):
        await subscription.unsubscribe()
