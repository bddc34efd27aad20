"""The database: a local file where it stands, or a crew of threads with connections of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.store.checkpoints import Checkpoints
from viewcomfy.store.crew import Crew
from viewcomfy.store.faults import meaning
from viewcomfy.store.postgres import TRANSACTION_SECONDS, only_reading, watch_of
from viewcomfy.store.session import Session
from viewcomfy.store.turns import Turns

T = TypeVar("T")

WRITERS = 4
READERS = 4
"""Connections of one process to a database that is not a file; one more is for the turns of several processes."""
FINDING = 6
FINDING_PAUSE = 0.5
"""How often a database that has just gone away is asked whether something is there, and the seconds in between."""


class _InPlace:
    """Runs functions where they are asked for, each in a transaction: for a database that answers in less than a change of thread takes."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._closed = False

    async def run(self, function: Callable[[Connection], T]) -> T:
        if self._closed:
            raise ServerUnavailable("The store is closed.")
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection.begin():
                return function(self._connection)
        except SQLAlchemyError as fault:
            raise meaning(fault) from fault

    async def close(self) -> None:
        self._closed = True
        if self._connection is not None:
            self._connection.close()


class Database:
    """Run synchronous functions in transactions, without a change of thread for each of their statements.

    A transaction that has been asked for is carried out also when the task that awaits it is canceled. On PostgreSQL several run at
    once: each sees what was stored when its statement began, and checks in the statement itself what it changes. A function may be
    called again there, where another transaction was in its way or the connection broke before its end.
    """

    def __init__(self, engine: Engine, *, in_place: bool | None = None) -> None:
        self._engine = engine
        self._watch = watch_of(engine)
        self.is_ours_alone = engine.dialect.name == "sqlite"
        """No other process writes to it: a SQLite file belongs to one server."""
        self._writer: _InPlace | Crew
        self._reader: _InPlace | Crew
        if self.is_ours_alone:
            self._open_file(in_place=in_place is not False)
        else:
            self._writer = self._crew("store-writer", engine.connect, WRITERS)
            self._reader = self._crew("store-reader", lambda: only_reading(engine.connect()), READERS)
        self.turns = Turns(None if self.is_ours_alone else self._crew("store-turns", self._lasting, 1))
        self._checkpoints = Checkpoints(engine) if self.is_ours_alone else None

    async def run(self, function: Callable[[Connection], T]) -> T:
        """Run a function that writes; its errors are the caller's, and undo what it did."""
        return await self._writer.run(function)

    async def run_surely(self, function: Callable[[Connection], T], is_stored: Callable[[Connection, T], bool]) -> T:
        """Run a function that writes; where its end is not heard of, look whether what it returned `is_stored`.

        Raises ServerUnavailable that `may_have_happened` where that can't be told.
        """
        results: list[T] = []

        def noted(connection: Connection) -> T:
            results.append(function(connection))
            return results[-1]

        try:
            return await self.run(noted)
        except ServerUnavailable as fault:
            if not fault.may_have_happened or not await self._finds(lambda connection: is_stored(connection, results[-1])):
                raise
        return results[-1]

    async def _finds(self, is_stored: Callable[[Connection], bool]) -> bool:
        for _ in range(FINDING):
            with suppress(ServerUnavailable):
                if await self.read(is_stored):
                    return True
            await asyncio.sleep(FINDING_PAUSE)  # the order to store it may still be on its way
        return False

    async def read(self, function: Callable[[Connection], T]) -> T:
        """Run a function that only reads; it sees everything that was written before, and never waits for a writer."""
        return await self._reader.run(function)

    async def close(self) -> None:
        """Finish what has been asked for and close the connections."""
        for part in (self._reader, self._writer, self.turns):
            await part.close()
        if self._checkpoints is not None:
            await asyncio.to_thread(self._checkpoints.close)
        if self._watch is not None:
            await asyncio.to_thread(self._watch.close)
        await asyncio.to_thread(self._engine.dispose)

    def _open_file(self, *, in_place: bool) -> None:
        def reading() -> Connection:
            return self._engine.connect().execution_options(read_only=True)

        if in_place:
            self._writer, self._reader = _InPlace(self._engine.connect), _InPlace(reading)
        else:
            self._writer, self._reader = self._crew("store-writer", self._engine.connect, 1), self._crew("store-reader", reading, 1)

    def _crew(self, name: str, connect: Callable[[], Connection], threads: int) -> Crew:
        return Crew(name, lambda: Session(connect, self._watch, TRANSACTION_SECONDS), threads)

    def _lasting(self) -> Connection:
        return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
