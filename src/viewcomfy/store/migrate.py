"""Bring a database up to date, at open; the tool for it is loaded only where there is something to do."""

from __future__ import annotations

from contextlib import nullcontext

from sqlalchemy import Column, Connection, Engine, MetaData, PrimaryKeyConstraint, String, Table, delete, insert, inspect, select

from viewcomfy.core.errors import Conflict
from viewcomfy.store.postgres import TRANSACTION_SECONDS, watch_of
from viewcomfy.store.tables import meta, metadata

HEAD = "0006"
"""The newest migration; a test holds it to what lies in migrations/versions."""
SERVES_SINCE = "0006"
"""The oldest schema whose viewcomfy can go on with the tables as they are now: it goes up only with a change that breaks older ones.

Adding tables, and columns that are NULL or have a default, breaks nothing.
"""
OLDEST = "oldest_schema"
"""The name under which `meta` keeps SERVES_SINCE, for servers of an older version."""
LONGEST = 3600.0
"""Seconds that all migrations together may take on PostgreSQL."""

_LOCK = 0x56434659_4D494752
_version = Table(
    "alembic_version", MetaData(), Column("version_num", String(32)), PrimaryKeyConstraint("version_num", name="alembic_version_pkc")
)


def migrate(engine: Engine) -> None:
    """Make the tables in an empty database, or run the migrations that it lacks; of several servers that start at once, one does it.

    Raises Conflict for the tables of a newer version that an older one can't use.
    """
    watch = watch_of(engine)
    try:
        with watch.limit(TRANSACTION_SECONDS) if watch else nullcontext(), engine.connect() as connection:
            if _is_fit(connection, _current(connection)):
                return
        with watch.limit(LONGEST) if watch else nullcontext(), engine.begin() as connection:
            _wait_for_turn(connection)
            current = _current(connection)
            if not _is_fit(connection, current):
                _change(connection, current)
    finally:
        if watch is not None:
            watch.let_go()


def upgrade(connection: Connection, current: str | None) -> None:
    """Run every migration after `current`; raise Conflict when that is not one of ours."""
    from alembic import command  # noqa: PLC0415 - a fifth of a second and 12 MB that a server in daily use does not need
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "viewcomfy.store:migrations")
    config.attributes["connection"] = connection
    try:
        if current is not None:
            ScriptDirectory.from_config(config).get_revision(current)
        command.upgrade(config, "head")
    except CommandError as fault:
        raise Conflict(
            f"The database has been written by another version of viewcomfy (its schema is {current!r}, ours {HEAD!r}).",
            hint="Start the newest viewcomfy that has used this database.",
        ) from fault


def _change(connection: Connection, current: str | None) -> None:
    if current is None:
        # what all migrations together make: a test compares the two
        metadata.create_all(connection)
        _version.create(connection)
        connection.execute(insert(_version), {"version_num": HEAD})
    else:
        upgrade(connection, current)
    connection.execute(delete(meta).where(meta.c.name == OLDEST))
    connection.execute(insert(meta), {"name": OLDEST, "value": SERVES_SINCE})


def _is_fit(connection: Connection, current: str | None) -> bool:
    """Tell whether the tables can be used as they are: they are ours, or newer ones that say so."""
    if current is None or current <= HEAD:
        return current == HEAD
    oldest = connection.execute(select(meta.c.value).where(meta.c.name == OLDEST)).scalar_one_or_none()
    return oldest is not None and oldest <= HEAD


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        for statement in (
            "SET LOCAL statement_timeout = 0",
            "SET LOCAL lock_timeout = '600s'",
            f"SELECT pg_advisory_xact_lock({_LOCK})",
            "SET LOCAL lock_timeout = '5s'",  # a change of a table that waits for a lock keeps all others from that table
        ):
            connection.exec_driver_sql(statement)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar_one_or_none()
