"""Turns: what only one of the servers on a database may do at a time."""

from __future__ import annotations

import asyncio
import random
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import Connection, text

from viewcomfy.core.errors import Conflict, ServerUnavailable, ViewComfyError
from viewcomfy.store.crew import Crew

OURS = 0x56434659
"""Tells our locks from those that other programs may take in the same database."""
LOOK_EVERY = 0.03
CHECK_EVERY = 2.0
"""Seconds between two looks at whether a lasting turn is still ours: its connection may have broken."""
ALONE_PATIENCE = 3.0
"""Seconds in which the lock of a server that was killed goes away."""

_TAKE = text("SELECT CASE WHEN pg_try_advisory_lock(:ours, :name) THEN pg_backend_pid() END")
_GIVE = text("SELECT pg_advisory_unlock(:ours, :name)")
_STILL = text("SELECT pg_backend_pid()")


class Turns:
    """Locks that all servers of a database see, and that are gone with the connection of whoever holds them.

    Where a database is one process's alone, it is always its turn.
    """

    def __init__(self, crew: Crew | None) -> None:
        """`crew` is of one thread, on a connection that nothing else uses."""
        self._crew = crew
        self._held: dict[str, int] = {}
        self._taking = asyncio.Lock()

    async def close(self) -> None:
        """Give up all that is held."""
        if self._crew is not None:
            await self._crew.close()

    @asynccontextmanager
    async def turn(self, name: str, *, patience: float = 10.0) -> AsyncIterator[bool]:
        """Wait up to so many seconds until it is our turn and hold it meanwhile; tell whether it came. Raises ServerUnavailable."""
        mine = await self._wait(name, patience)
        try:
            yield mine is not None
        finally:
            if mine is not None:
                await self._give(name, mine)

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Be the only one from now on. Raises Conflict at once where another is, or in mid-work where another came to be it.

        The second happens when the database was away: its locks are gone then, and who connects first has them.
        """
        if await self._wait(name, ALONE_PATIENCE) is None:
            raise _taken()
        task = asyncio.current_task()
        watching = asyncio.create_task(self._keep(name))
        ended = False

        def lost(_: asyncio.Task[None]) -> None:
            if task is not None and not ended:
                task.cancel()

        watching.add_done_callback(lost)
        try:
            yield
        except asyncio.CancelledError:
            if task is None or not watching.done():
                raise
            task.uncancel()
            raise _taken() from None
        finally:
            ended = True
            watching.cancel()
            await asyncio.wait({watching})
            if (mine := self._held.get(name)) is not None:
                await self._give(name, mine)

    async def _keep(self, name: str) -> None:
        """Return when another has what was ours."""
        while True:
            await asyncio.sleep(CHECK_EVERY)
            with suppress(ServerUnavailable):  # nobody can take it while nobody gets to the database
                if not await self._is_still_ours(name) and await self._take(name) is None:
                    return

    async def _wait(self, name: str, patience: float) -> int | None:
        until = time.monotonic() + patience
        while (mine := await self._take(name)) is None:
            if time.monotonic() >= until:
                return None
            await asyncio.sleep(LOOK_EVERY * random.uniform(0.5, 1.5))  # noqa: S311 - so that those who wait do not march in step
        return mine

    async def _take(self, name: str) -> int | None:
        """Take it if it is free; return the number of the connection that holds it then, None where it is not free."""
        crew = self._crew
        if crew is None:
            return 0
        async with self._taking:
            if name in self._held and await self._is_still_ours(name):  # PostgreSQL would let the same connection take it twice
                return None
            taken: int | None = await crew.run(lambda connection: connection.execute(_TAKE, _values(name)).scalar_one())
            if taken is not None:
                self._held[name] = taken
            return taken

    async def _give(self, name: str, mine: int) -> None:
        if self._crew is None or self._held.get(name) != mine:  # the connection broke, and it is somebody else's of this process now
            return
        del self._held[name]

        def give(connection: Connection) -> None:
            if connection.execute(_STILL).scalar_one() == mine:
                connection.execute(_GIVE, _values(name))

        with suppress(ViewComfyError):  # without a connection it is given up already
            await self._crew.run(give)

    async def _is_still_ours(self, name: str) -> bool:
        if self._crew is None:
            return True
        return bool(await self._crew.run(lambda connection: connection.execute(_STILL).scalar_one()) == self._held.get(name))


def _values(name: str) -> dict[str, int]:
    number = zlib.crc32(name.encode(errors="surrogatepass"))
    return {"ours": OURS, "name": number - 2**32 if number >= 2**31 else number}


def _taken() -> Conflict:
    return Conflict(
        "Another viewcomfy server uses this database, and with the local engine there can be only one.",
        hint="Stop it, or give both a nats engine: VIEWCOMFY_ENGINE=nats://….",
    )
