"""A session: one thread's connection, and how transactions run on it whatever becomes of the connection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from viewcomfy.store.faults import collided, lost, meaning
from viewcomfy.store.watch import Watch

T = TypeVar("T")

TURNS = 6
"""How often a transaction is begun that others keep from its end."""


class Session:
    """Runs functions in transactions, one after the other and all on one thread; the connection is made when it is needed.

    A function may be called again: what it did before was undone.
    """

    def __init__(self, connect: Callable[[], Connection], watch: Watch | None = None, seconds: float = 0.0) -> None:
        """`seconds` are what a transaction may take where there is a watch."""
        self._connect = connect
        self._watch = watch
        self._seconds = seconds
        self._connection: Connection | None = None
        self._storing = False

    def run(self, function: Callable[[Connection], T]) -> T:
        """Return what a function returns, once that is stored. Its own errors undo what it did.

        Raises ServerUnavailable where the connection breaks. Only where that happens while the end is being stored may it have been
        stored: before that, the transaction is begun anew on a new connection.
        """
        turn = 0
        while True:
            turn += 1
            try:
                return self._once(function)
            except SQLAlchemyError as fault:
                if not self._may_begin_anew(fault, turn):
                    raise meaning(fault, storing=self._storing) from fault
            time.sleep(random.uniform(0, 0.01) * turn)  # noqa: S311 - so that two that collide do not collide again

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.close()
        if self._watch is not None:
            self._watch.let_go()

    def _once(self, function: Callable[[Connection], T]) -> T:
        self._storing = False
        with self._limit():
            self._connection = self._connection or self._connect()
            with self._connection.begin():
                result = function(self._connection)
                self._storing = True
        return result

    def _limit(self) -> AbstractContextManager[None]:
        return nullcontext() if self._watch is None else self._watch.limit(self._seconds)

    def _may_begin_anew(self, fault: SQLAlchemyError, turn: int) -> bool:
        connection = self._connection
        if connection is None:  # there is no server to begin anew with
            return False
        if lost(fault) or _is_broken(connection):
            with suppress(SQLAlchemyError):
                connection.invalidate()
            self.close()
            return turn == 1 and not self._storing and not (self._watch and self._watch.has_cut)
        return collided(fault) and turn < TURNS


def _is_broken(connection: Connection) -> bool:
    if connection.closed or connection.invalidated:
        return True
    return bool(getattr(connection.connection.driver_connection, "closed", False))
