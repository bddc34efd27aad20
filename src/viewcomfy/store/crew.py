"""A crew of threads that runs functions in transactions, each thread on a connection of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.store.session import Session

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that something waits to be begun, before its caller hears that the database is too slow."""


class _Work(Generic[T]):
    """A function to run in a transaction, and where its result goes."""

    __slots__ = ("asked_at", "done", "function", "loop")

    def __init__(self, function: Callable[[Connection], T]) -> None:
        self.function = function
        self.asked_at = time.monotonic()
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


class Crew:
    """Begins what it is asked for in that order; with one thread, it ends in that order too."""

    def __init__(self, name: str, session: Callable[[], Session], threads: int = 1) -> None:
        self._session = session
        self._work: SimpleQueue[_Work[Any] | None] = SimpleQueue()
        self._closed = False
        self._threads = [threading.Thread(target=self._serve, name=f"{name}-{number}", daemon=True) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    async def run(self, function: Callable[[Connection], T]) -> T:
        """Run a function in a transaction, which is carried out also when the task that awaits it is canceled."""
        if self._closed:
            raise ServerUnavailable("The store is closed.")
        work = _Work(function)
        self._work.put(work)
        return await work.done

    async def close(self) -> None:
        """Finish what was asked for, then end the threads."""
        if not self._closed:
            self._closed = True
            for _ in self._threads:
                self._work.put(None)
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        session = self._session()
        while (work := self._work.get()) is not None:
            _carry_out(session, work)
            del work  # a large result must not live until the next one
        session.close()


def _carry_out(session: Session, work: _Work[Any]) -> None:
    if time.monotonic() - work.asked_at > PATIENCE:
        work.answer(None, ServerUnavailable("The database does not keep up.", retry_after=5.0))
        return
    try:
        result = session.run(work.function)
    except BaseException as fault:  # whatever it is belongs to the caller, not to this thread
        work.answer(None, fault)
    else:
        work.answer(result, None)
