"""The database: one thread that writes and one that reads, each with a connection of its own."""

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


class _Transactions:
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
    """Run synchronous functions in transactions: a single change of thread for each transaction, however many statements it has.

    A transaction that has been asked for is carried out also when the task that awaits it is canceled.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = _Transactions("store-writer", engine.connect)
        self._reader = _Transactions("store-reader", lambda: engine.connect().execution_options(read_only=True))

    @property
    def is_ours_alone(self) -> bool:
        """Tell whether no other process writes to it: a SQLite file belongs to one server."""
        return self._engine.dialect.name == "sqlite"

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
        await asyncio.to_thread(self._engine.dispose)
