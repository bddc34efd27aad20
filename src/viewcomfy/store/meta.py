"""Small named values: the hash of the admin token, the secret that signs links."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, text

from viewcomfy.store.database import Database
from viewcomfy.store.tables import meta

_GET = select(meta.c.value).where(meta.c.name == bindparam("wanted"))
# one statement each, so that of several servers that do it at once one is the first
_SET = text("INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
_SET_DEFAULT = text("INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")


class MetaRows:
    """Get and set values by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> str | None:
        """Return a value."""
        return await self._database.read(lambda connection: _get(connection, name))

    async def set(self, name: str, value: str) -> None:
        """Store a value, in place of an earlier one."""
        await self._database.run(lambda connection: connection.execute(_SET, {"name": name, "value": value}))

    async def set_default(self, name: str, value: str) -> str:
        """Store a value unless there is one; return the one that is there then."""

        def work(connection: Connection) -> str:
            if connection.execute(_SET_DEFAULT, {"name": name, "value": value}).rowcount == 1:
                return value
            return _get(connection, name) or ""

        return await self._database.run(work)


def _get(connection: Connection, name: str) -> str | None:
    return connection.execute(_GET, {"wanted": name}).scalar_one_or_none()
