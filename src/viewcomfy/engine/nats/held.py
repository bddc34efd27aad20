"""The leases that a worker holds, and what it hears of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.engine.base import Lease
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.envelope import unpacked
from viewcomfy.engine.nats.mailbox import answered

Attempt = tuple[str, int]


class HeldLeases:
    """Knows when a job was taken from its worker. Use it as an async context manager."""

    def __init__(self, link: Connection) -> None:
        self._link = link
        self._gone: dict[Attempt, asyncio.Event] = {}
        self._leases: dict[str, Lease] = {}
        self._uncertain: set[Attempt] = set()
        self._listening: dict[tuple[str, str], Subscription] = {}

    async def __aenter__(self) -> HeldLeases:
        return self

    async def __aexit__(self, *_: object) -> None:
        for subscription in self._listening.values():
            with suppress(Error, OSError):
                await subscription.unsubscribe()
        self._listening.clear()

    async def listen(self, pool: str, worker: str) -> None:
        """Hear what is said to a worker from now on; twice is the same as once. Raises ServerUnavailable."""
        if (pool, worker) not in self._listening:
            with answered():
                subscription = await self._link.client.subscribe(self._link.subjects.gone(pool, worker), cb=self._hear)
            if (pool, worker) in self._listening:
                await subscription.unsubscribe()
            else:
                self._listening[pool, worker] = subscription

    def add(self, lease: Lease) -> None:
        """Note that a job was taken."""
        self._gone[_attempt(lease)] = asyncio.Event()
        self._leases[lease.prompt_id] = lease

    def of(self, prompt_id: str) -> Lease | None:
        """Return the lease of a job that is held."""
        return self._leases.get(prompt_id)

    def lost(self, prompt_id: str, attempt: int) -> None:
        """Note that a job is this worker's no more: whoever waits for that is told."""
        event = self._gone.pop((prompt_id, attempt), None)
        self._forget(prompt_id, attempt)
        if event is not None:
            event.set()

    def over(self, lease: Lease) -> None:
        """Note that the worker itself has ended an attempt: nobody need be told."""
        self._gone.pop(_attempt(lease), None)
        self._uncertain.discard(_attempt(lease))
        self._forget(lease.prompt_id, lease.attempt)

    async def gone(self, lease: Lease) -> None:
        """Return when a job was taken from its worker; wait for ever otherwise."""
        event = self._gone.get(_attempt(lease))
        if event is not None:
            await event.wait()

    def note_uncertain(self, lease: Lease) -> None:
        """Note that it is not known whether an attempt was finished."""
        self._uncertain.add(_attempt(lease))

    def is_uncertain(self, lease: Lease) -> bool:
        """Tell whether an attempt may be finished already."""
        return _attempt(lease) in self._uncertain

    def _forget(self, prompt_id: str, attempt: int) -> None:
        held = self._leases.get(prompt_id)
        if held is not None and held.attempt == attempt:
            del self._leases[prompt_id]

    async def _hear(self, message: Msg) -> None:
        with suppress(ServerUnavailable, LookupError):
            said = unpacked(message.data)
            self.lost(said["prompt_id"], said["attempt"])


def _attempt(lease: Lease) -> Attempt:
    return lease.prompt_id, lease.attempt
