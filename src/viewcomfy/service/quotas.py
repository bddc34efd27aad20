"""Quotas: how many jobs a key may have under way, and send in a day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from viewcomfy.core.errors import KeyLimit, ServerUnavailable
from viewcomfy.core.keys import Key
from viewcomfy.store.accepted import AcceptedRows, Taken

RETRY_SECONDS = 5.0


class Quotas:
    """Holds keys to their limits. Those without cost nothing; the others' calls are accepted one after the other."""

    def __init__(self, rows: AcceptedRows, clock: Callable[[], float] = time.time) -> None:
        self._rows = rows
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def held(self, key: Key | None, count: int) -> AsyncIterator[None]:
        """Let so many jobs of a key be stored meanwhile; they count unless that fails. Raises KeyLimit."""
        if key is None or not key.limits.counts_jobs:
            yield
            return
        async with self._turn(key):
            await self._check_active(key, count)
            taken = await self._take(key, count)
            try:
                yield
            except Exception:
                if taken is not None:
                    await self._rows.give_back(key.client_id, taken)
                raise

    @asynccontextmanager
    async def _turn(self, key: Key) -> AsyncIterator[None]:
        """Keep the other calls of a key waiting from the count of its jobs until there is one more, on all servers."""
        if key.limits.max_active is None:
            yield
            return
        async with self._locks.setdefault(key.client_id, asyncio.Lock()), self._rows.turn(key.client_id) as ours:
            if not ours:
                raise ServerUnavailable("Another server is busy with calls of this key.", retry_after=1.0)
            yield

    async def _check_active(self, key: Key, count: int) -> None:
        most = key.limits.max_active
        if most is None:
            return
        if count > most:
            raise _too_many_at_once(count, f"the {_jobs(most)} that this key may have at once")
        active = await self._rows.active(key.client_id)
        if active + count > most:
            raise KeyLimit(
                f"This key may have {_jobs(most)} at once, and {active:,} are waiting or running.",
                hint="Wait for one to end, or cancel one.",
                retry_after=RETRY_SECONDS,
            )

    async def _take(self, key: Key, count: int) -> Taken | None:
        most = key.limits.max_per_day
        if most is None:
            return None
        if count > most:
            raise _too_many_at_once(count, f"the {_jobs(most)} that this key may send in 24 hours")
        taken = await self._rows.take(key.client_id, count, most, self._clock())
        if taken.refused_for is not None:
            raise KeyLimit(
                f"This key may send {_jobs(most)} in 24 hours, and {max(0, taken.jobs):,} are left.",
                hint="Try again later, or ask the owner of the server for more.",
                retry_after=taken.refused_for,
            )
        return taken


def _too_many_at_once(count: int, most: str) -> KeyLimit:
    return KeyLimit(f"{_jobs(count)} are more than {most}.", hint="Send smaller batches.")


def _jobs(count: int) -> str:
    return f"{count:,} job" if count == 1 else f"{count:,} jobs"
