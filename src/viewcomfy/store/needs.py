"""The rows of needs: what an affinity stands for, written once."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select, text

from viewcomfy.core.needs import Needs
from viewcomfy.store.database import Database
from viewcomfy.store.tables import Json, needs

# what another server was first with is the same
_NOTE = text("INSERT INTO needs (affinity, needs) VALUES (:affinity, :needs) ON CONFLICT (affinity) DO NOTHING").bindparams(
    bindparam("needs", type_=Json)
)
_SOME = select(needs.c.affinity, needs.c.needs).where(needs.c.affinity.in_(bindparam("wanted", expanding=True)))


class NeedsRows:
    """Note and find what jobs of an affinity need."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, affinity: str, what: Needs) -> None:
        """Write down what an affinity stands for, unless that is known."""
        if not await self.some([affinity]):
            values = {"affinity": affinity, "needs": what.as_dict()}
            await self._database.run(lambda connection: connection.execute(_NOTE, values))

    async def some(self, affinities: Collection[str]) -> dict[str, Needs]:
        """Return what is known of these affinities."""
        rows = await self._database.read(lambda connection: connection.execute(_SOME, {"wanted": list(affinities)}).all())
        return {row.affinity: Needs.from_dict(row.needs) for row in rows}
