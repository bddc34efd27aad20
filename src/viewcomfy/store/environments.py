"""The rows of environments: documents under the ids that deployments name, written once."""

from __future__ import annotations

from sqlalchemy import bindparam, select, text

from viewcomfy.store.database import Database
from viewcomfy.store.tables import environments

# the id is made of the document, so that whoever was first has written the same
_ADD = text("INSERT INTO environments (id, document, created_at) VALUES (:id, :document, :created_at) ON CONFLICT (id) DO NOTHING")
_DOCUMENT = select(environments.c.document).where(environments.c.id == bindparam("wanted"))
_ALL = select(environments.c.id, environments.c.created_at).order_by(environments.c.created_at.desc(), environments.c.id)


class EnvironmentRows:
    """Add and find documents of environments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, environment: str, document: str, created_at: float) -> None:
        """Keep a document, unless it is kept; `created_at` is Unix time."""
        values = {"id": environment, "document": document, "created_at": created_at}
        await self._database.run(lambda connection: connection.execute(_ADD, values))

    async def document(self, environment: str) -> str | None:
        """Return a document by its id."""
        found = await self._database.read(lambda connection: connection.execute(_DOCUMENT, {"wanted": environment}).scalar())
        return None if found is None else str(found)

    async def list(self) -> dict[str, float]:
        """Return the ids of all with the Unix times at which they came, the newest first."""
        rows = await self._database.read(lambda connection: connection.execute(_ALL).all())
        return {row.id: row.created_at for row in rows}
