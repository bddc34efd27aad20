"""What differs between databases: how each is opened. Everything else is SQL that all of them take."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from viewcomfy.core.errors import BadInput
from viewcomfy.store.postgres import SCHEMES, postgres_engine

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
    """Return an engine for a URL such as `sqlite:////var/lib/viewcomfy/viewcomfy.db` or `postgresql://user:password@host/database`.

    A missing folder is made. Raises BadInput for a URL that is none, MissingExtra where a driver is not installed.
    """
    if url.startswith(SCHEMES):
        return postgres_engine(url)
    if not url.startswith("sqlite:"):
        raise BadInput("The URL of the store is of no database that viewcomfy knows.", hint="Give one that begins with postgresql://.")
    parsed = make_url(url)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # transactions are begun by ourselves: the driver's own way would begin one only before the first write
    engine = create_engine(parsed, connect_args={"isolation_level": None, "check_same_thread": False, "cached_statements": 256})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


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
