"""Small named values: the hash of the admin token, the secret that signs links."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select, update

from viewcomfy.store.database import Database
from viewcomfy.store.tables import meta

_GET = select(meta.c.value).where(meta.c.name == bindparam("wanted"))


class MetaRows:
    """Get and set values by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> str | None:
        """Return a value."""
        return await self._database.read(lambda connection: _get(connection, name))

    async def set(self, name: str, value: str) -> None:
        """Store a value, in place of an earlier one."""

        def work(connection: Connection) -> None:
            if connection.execute(update(meta).where(meta.c.name == name).values(value=value)).rowcount == 0:
                connection.execute(insert(meta), {"name": name, "value": value})

        await self._database.run(work)

    async def set_default(self, name: str, value: str) -> str:
        """Store a value unless there is one; return the one that is there then."""

        def work(connection: Connection) -> str:
            found = _get(connection, name)
            if found is None:
                connection.execute(insert(meta), {"name": name, "value": value})
            return value if found is None else found

        return await self._database.run(work)


def _get(connection: Connection, name: str) -> str | None:
    return connection.execute(_GET, {"wanted": name}).scalar_one_or_none()
