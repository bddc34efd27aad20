"""The database: a connection that writes and one that reads, each on a thread of its own unless the database is a local file."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.store.checkpoints import Checkpoints
from viewcomfy.store.faults import meaning

T = TypeVar("T")


class _Work(Generic[T]):
    """A function to run in a transaction, and where its result goes."""

    __slots__ = ("done", "function", "loop")

    def __init__(self, function: Callable[[Connection], T]) -> None:
        self.function = function
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[T] = self.loop.create_future()

    def answer(self, result: Any, fault: BaseException | None) -> None:
        """Wake the caller, from the thread; a caller whose loop has ended is not there to be woken."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._settle, result, fault)

    def _settle(self, result: Any, fault: BaseException | None) -> None:
        if self.done.cancelled():
            return
        if fault is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(fault)


class _InPlace:
    """Runs functions where they are asked for, each in a transaction: for a database that answers in less than a change of thread takes."""

    def __init__(self, _: str, connect: Callable[[], Connection]) -> None:
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


class _InThread:
    """A thread that runs functions one after the other, each in a transaction."""

    def __init__(self, name: str, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._work: SimpleQueue[_Work[Any] | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def run(self, function: Callable[[Connection], T]) -> T:
        if self._closed:
            raise ServerUnavailable("The store is closed.")
        work = _Work(function)
        self._work.put(work)
        return await work.done

    async def close(self) -> None:
        """Finish what was asked for, then end the thread."""
        if not self._closed:
            self._closed = True
            self._work.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        connection: Connection | None = None
        while (work := self._work.get()) is not None:
            connection = self._transact(connection, work)
            del work  # a large result must not live until the next one
        if connection is not None:
            connection.close()

    def _transact(self, connection: Connection | None, work: _Work[Any]) -> Connection | None:
        try:
            connection = connection or self._connect()
            with connection.begin():
                result = work.function(connection)
        except SQLAlchemyError as fault:
            error = meaning(fault)
            error.__cause__ = fault
            work.answer(None, error)
        except BaseException as fault:  # whatever it is belongs to the caller, not to this thread
            work.answer(None, fault)
        else:
            work.answer(result, None)
        return connection


class Database:
    """Run synchronous functions in transactions, without a change of thread for each of their statements.

    A transaction that has been asked for is carried out also when the task that awaits it is canceled.
    """

    def __init__(self, engine: Engine, *, in_place: bool | None = None) -> None:
        self._engine = engine
        self.is_ours_alone = engine.dialect.name == "sqlite"
        """No other process writes to it: a SQLite file belongs to one server."""
        lane = _InPlace if (self.is_ours_alone if in_place is None else in_place) else _InThread
        self._writer = lane("store-writer", engine.connect)
        self._reader = lane("store-reader", lambda: engine.connect().execution_options(read_only=True))
        self._checkpoints = Checkpoints(engine) if self.is_ours_alone else None

    async def run(self, function: Callable[[Connection], T]) -> T:
        """Run a function that writes; its errors are the caller's, and undo what it did."""
        return await self._writer.run(function)

    async def read(self, function: Callable[[Connection], T]) -> T:
        """Run a function that only reads; it sees everything that was written before, and never waits for a writer."""
        return await self._reader.run(function)

    async def close(self) -> None:
        """Finish what has been asked for and close the connections."""
        await self._reader.close()
        await self._writer.close()
        if self._checkpoints is not None:
            await asyncio.to_thread(self._checkpoints.close)
        await asyncio.to_thread(self._engine.dispose)
