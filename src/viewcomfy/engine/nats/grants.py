"""Grants: the leader's side of claims, each of which waits here until there is a job for it and its worker has taken that."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field

import structlog

from viewcomfy.core.errors import ServerUnavailable, ViewComfyError
from viewcomfy.engine.base import Claimer, Lease
from viewcomfy.engine.dispatcher import Dispatcher
from viewcomfy.engine.errands import Errands
from viewcomfy.engine.nats.calls import Calls
from viewcomfy.engine.nats.shapes import of_lease

TAKEN_WITHIN = 1.0
TRIES = 2
"""A job is offered so many times, for so many seconds each; one that nobody takes then is given back, and the attempt does not count."""
FORGOTTEN_AFTER = 15.0
"""Seconds after which a claim that its worker does not repeat is forgotten."""
LOOK_EVERY = 5.0
REMEMBERED = 10_000
"""How many claims that have ended are known by their ids, so that a message that comes late does not make them anew."""

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class _Open:
    """A claim that waits. `inbox` is where its worker takes the job; `settled` that it has, or does not want it."""

    id: str
    claimer: Claimer
    inbox: str
    heard_at: float
    task: asyncio.Task[None] | None = None
    lease: Lease | None = None
    is_taken: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Grants:
    """Takes claims and offers jobs. Use it as an async context manager; it ends with the dispatcher."""

    def __init__(self, dispatcher: Dispatcher, calls: Calls) -> None:
        self._dispatcher = dispatcher
        self._calls = calls
        self._open: dict[str, _Open] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._errands = Errands()
        self._closing = False
        self._forgetting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Grants:
        await self._errands.__aenter__()
        self._forgetting = asyncio.create_task(self._forget_silent())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Forget every claim: their workers repeat them to the next leader. Jobs on offer have a moment to be taken."""
        self._closing = True
        if self._forgetting is not None:
            self._forgetting.cancel()
        for one in list(self._open.values()):
            if one.lease is None:
                self._withdraw(one)
        await self._errands.__aexit__()

    def ask(self, id: str, claimer: Claimer, inbox: str, instead_of: str | None) -> bool:
        """Take a claim in, or take note that it still stands; tell whether it does, because one that has ended must be made anew.

        Raises ServerUnavailable when this server stops leading.
        """
        if self._closing:
            raise ServerUnavailable("This server leads no more.", retry_after=1.0)
        if instead_of is not None and (old := self._open.get(instead_of)) is not None and old.lease is None:
            self._withdraw(old)
        if id in self._ended:
            return False
        one = self._open.get(id)
        if one is None:
            one = self._open[id] = _Open(id, claimer, inbox, time.monotonic())
            one.task = self._errands.start(self._serve(one))
        one.heard_at = time.monotonic()
        return True

    def taken(self, id: str, prompt_id: str) -> bool:
        """Take note that a worker has taken its job; tell whether that was still on offer."""
        one = self._open.get(id)
        if one is None or one.lease is None or one.lease.prompt_id != prompt_id:
            return False
        one.is_taken = True
        one.settled.set()
        return True

    def withdraw(self, id: str) -> None:
        """Take note that a claim is not wanted any more, nor the job that it may have got."""
        one = self._open.get(id)
        if one is None:
            self._remember(id)
        else:
            self._withdraw(one)

    def _withdraw(self, one: _Open) -> None:
        if one.lease is None and one.task is not None:
            self._end(one)  # here: a task that has not begun ends without a word
            one.task.cancel()
        else:
            one.settled.set()

    async def _serve(self, one: _Open) -> None:
        """Wait for a job and see to it that it is taken."""
        try:
            one.lease = await self._dispatcher.claim(one.claimer)
            await self._offer(one, one.lease)
        except ViewComfyError as fault:
            log.warning("a claim has failed", worker=one.claimer.worker, reason=str(fault))
            await self._calls.tell(one.inbox, {"claim": one.id, "again": True})
        finally:
            self._end(one)

    def _end(self, one: _Open) -> None:
        self._open.pop(one.id, None)
        self._remember(one.id)

    async def _offer(self, one: _Open, lease: Lease) -> None:
        for turn in range(TRIES):
            if turn and self._closing:
                break
            await self._calls.tell(one.inbox, {"claim": one.id, "lease": of_lease(lease)})
            try:
                async with asyncio.timeout(TAKEN_WITHIN):
                    await one.settled.wait()
                break
            except TimeoutError:
                continue
        if not one.is_taken:
            await self._dispatcher.give_back(lease)

    async def _forget_silent(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            oldest = time.monotonic() - FORGOTTEN_AFTER
            for one in list(self._open.values()):
                if one.heard_at < oldest:
                    self._withdraw(one)

    def _remember(self, id: str) -> None:
        self._ended[id] = None
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
