"""Bring a database up to date, at open; the tool for it is loaded only where there is something to do."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, inspect, select

from viewcomfy.core.errors import Conflict
from viewcomfy.store.tables import metadata

HEAD = "0005"
"""The newest migration; a test holds it to what lies in migrations/versions."""

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def migrate(engine: Engine) -> None:
    """Make the tables in an empty database, or run the migrations that it lacks."""
    with engine.begin() as connection:
        current = _current(connection)
        if current == HEAD:
            return
        if current is None:
            # what all migrations together make: a test compares the two
            metadata.create_all(connection)
            _version.create(connection)
            connection.execute(insert(_version), {"version_num": HEAD})
        else:
            upgrade(connection, current)


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
            hint="Start the newest viewcomfy that has used this data folder.",
        ) from fault


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar_one_or_none()
