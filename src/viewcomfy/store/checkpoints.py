"""Checkpoints: SQLite's log brought into its file, on a thread of its own because that waits for the disk."""

from __future__ import annotations

import sqlite3
import threading

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

EVERY = 2.0
"""Seconds between two looks at the log."""


class Checkpoints:
    """A thread that keeps the log short; a transaction never has to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="store-checkpoints", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; SQLite empties the log when the last connection closes."""
        self._closing.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._closing.wait(EVERY):
            try:
                with self._engine.connect() as connection:
                    connection.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            except (SQLAlchemyError, sqlite3.Error):
                continue  # locked, or full: it is tried again
