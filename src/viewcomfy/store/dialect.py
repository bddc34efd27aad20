"""What differs between databases: how each is opened. Everything else is SQL that all of them take."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from viewcomfy.store.tables import metadata

_PRAGMAS = (
    # every page that a transaction touches is written whole, and most change a few bytes in each of several indexes; new files only
    "page_size=1024",
    "journal_mode=WAL",
    # a crash of the process loses nothing; a power cut may lose the last moments, never the whole
    "synchronous=NORMAL",
    # bringing the log into the database waits for the disk: a thread does it (checkpoints.py), no transaction
    "wal_autocheckpoint=0",
    # others are not meant to write; a backup that locks for a moment must not hold up everything
    "busy_timeout=1000",
    "foreign_keys=ON",
    "temp_store=MEMORY",
)


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def make_engine(url: str) -> Engine:
    """Return an engine for a URL such as `sqlite:////var/lib/viewcomfy/viewcomfy.db`; a missing folder is made."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        _know_partial_indexes()
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # transactions are begun by ourselves: the driver's own way would begin one only before the first write
    engine = create_engine(parsed, connect_args={"isolation_level": None, "check_same_thread": False, "cached_statements": 256})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _know_partial_indexes() -> None:
    """Give PostgreSQL the conditions of the partial indexes; in the tables they would make every start import its dialect."""
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        condition = index.dialect_kwargs.get("sqlite_where")
        if condition is not None:
            index.dialect_kwargs["postgresql_where"] = condition


def _on_connect(connection: Any, _record: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    # a writer takes the lock at once: it then waits for its turn, instead of failing half way
    reads = connection.get_execution_options().get("read_only")
    try:
        connection.connection.cursor().execute("BEGIN" if reads else "BEGIN IMMEDIATE")
    except sqlite3.Error as fault:
        raise OperationalError("BEGIN", None, fault) from fault
