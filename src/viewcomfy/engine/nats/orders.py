"""Orders to workers over NATS: each is carried out once by whoever serves the worker's name, however often it is sent."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from nats.aio.msg import Msg
from nats.errors import Error

from viewcomfy.core.errors import InternalError, ServerUnavailable, UnknownWorker, ViewComfyError
from viewcomfy.engine.base import Answerer, WorkerInfo
from viewcomfy.engine.nats.envelope import answer_of, packed, result_of, unpacked
from viewcomfy.engine.nats.link import Link
from viewcomfy.engine.nats.mailbox import Mailbox, answered
from viewcomfy.engine.nats.subjects import Subjects, token

SEND_AGAIN = 2.0
"""Seconds without an answer after which an order is sent again: it, or its answer, may have gone down with a connection."""
REMEMBERED = 60.0
"""Seconds for which an answer is remembered, for an order that is sent again."""

log = structlog.get_logger(__name__)


class NatsOrders:
    """Ask workers and answer for one. `workers` tells which are there, of all pools; `pool` is the pool of those that are served here."""

    def __init__(self, link: Link, pool: str, workers: Callable[[], Sequence[WorkerInfo]]) -> None:
        self._link = link
        self._subjects = Subjects(link.namespace)
        self._pool = pool
        self._workers = workers
        self._desks: dict[str, _Desk] = {}

    async def ask(self, worker: str, order: Mapping[str, Any], patience: float) -> Mapping[str, Any]:
        """Return a worker's answer to an order; see the protocol."""
        pool = next((info.pool for info in self._workers() if info.name == worker), None)
        if pool is None:
            raise UnknownWorker(f"No worker {worker[:80]!r} is there.", hint="GET /api/workers lists those that are.")
        number = secrets.token_hex(12)
        reply = f"{self._link.namespace}.answer.{token(pool)}.{number}"
        question = packed({"id": number, "order": dict(order)})
        async with Mailbox(self._link.client, reply) as mailbox:
            deadline = time.monotonic() + patience
            while (left := deadline - time.monotonic()) > 0:
                with answered():
                    await self._link.client.publish(self._subjects.order(pool, worker), question, reply=reply)
                answer = await mailbox.next(min(left, SEND_AGAIN))
                if answer is not None:
                    return _result(worker, answer)
        raise ServerUnavailable(f"The worker {worker} did not answer within {patience:g} s.", retry_after=1.0)

    async def serve(self, worker: str, answer: Answerer) -> None:
        """Answer what this worker is asked, for ever; see the protocol."""
        before = self._desks.get(worker)
        if before is not None:
            await before.close()
        async with asyncio.TaskGroup() as group:
            desk = self._desks[worker] = _Desk(self._link, group, answer)
            try:
                await desk.open(self._subjects.order(self._pool, worker))
                await asyncio.get_running_loop().create_future()
            finally:
                await desk.close()
                if self._desks.get(worker) is desk:
                    del self._desks[worker]


class _Desk:
    """Somebody who answers; the group owns what is being answered."""

    def __init__(self, link: Link, group: asyncio.TaskGroup, answer: Answerer) -> None:
        self._link = link
        self._group = group
        self._answer = answer
        self._begun: dict[str, bytes | None] = {}
        self._subscription: Any = None

    async def open(self, subject: str) -> None:
        """Take orders from now on. Raises ServerUnavailable."""
        with answered():
            # a queue of one: an earlier process of the same name that is not gone yet does not carry orders out as well
            self._subscription = await self._link.client.subscribe(subject, queue="worker", cb=self._take)

    async def close(self) -> None:
        """Take no more orders."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(Error, OSError):
                await subscription.unsubscribe()

    async def _take(self, message: Msg) -> None:
        try:
            said = unpacked(message.data)
            number, order = str(said["id"]), dict(said["order"])
        except (ServerUnavailable, ValueError, TypeError, LookupError):
            log.warning("an order that can't be read", size=len(message.data))
            return
        if number not in self._begun:
            self._begun[number] = None
            self._group.create_task(self._carry_out(number, order, message.reply))
        elif (result := self._begun[number]) is not None:
            await self._send(message.reply, result)

    async def _carry_out(self, number: str, order: Mapping[str, Any], reply: str) -> None:
        result: Mapping[str, Any] | ViewComfyError = ServerUnavailable("The worker is shutting down.", retry_after=1.0)
        try:
            result = await self._answer(order)
        except ViewComfyError as fault:
            result = fault
        except Exception as fault:  # it belongs to the asker: it must not end the one who serves
            log.exception("an order failed through a fault of ours", order=dict(order))
            result = InternalError(f"The worker failed: {type(fault).__name__}.", hint="Its log has the trace.")
        finally:
            self._begun[number] = data = self._fitting(result)
            asyncio.get_running_loop().call_later(REMEMBERED, self._begun.pop, number, None)
            await self._send(reply, data)

    def _fitting(self, result: Mapping[str, Any] | ViewComfyError) -> bytes:
        data = answer_of(result)
        if len(data) > self._link.client.max_payload:
            data = answer_of(InternalError(f"The worker's answer is too long for NATS: {len(data)} bytes.", hint="Raise its max_payload."))
        return data

    async def _send(self, reply: str, result: bytes) -> None:
        with suppress(Error, OSError):  # it is asked for again
            await self._link.client.publish(reply, result)


def _result(worker: str, answer: Msg) -> Mapping[str, Any]:
    if (answer.headers or {}).get("Status") == "503":
        raise ServerUnavailable(f"The worker {worker} does not take orders now.", hint="Try again in a moment.", retry_after=1.0)
    return result_of(answer.data)
