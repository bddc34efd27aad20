"""What a database says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from viewcomfy.store.database import Database


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The database's name and version, and whether what it has accepted survives a power cut."""

    version: str
    is_durable: bool


class About:
    """Ask a database about itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def facts(self) -> StoreFacts:
        """Return what it says."""
        return await self._database.read(_facts)


def _facts(connection: Connection) -> StoreFacts:
    if connection.dialect.name == "sqlite":
        return StoreFacts(f"SQLite {connection.execute(text('SELECT sqlite_version()')).scalar_one()}", is_durable=True)
    version = connection.execute(text("SHOW server_version")).scalar_one()
    settings = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in ("fsync", "synchronous_commit")]
    return StoreFacts(f"PostgreSQL {version}", is_durable="off" not in settings)
