"""The rows of needs: what an affinity stands for, written once."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from viewcomfy.core.errors import Conflict
from viewcomfy.core.needs import Needs
from viewcomfy.store.database import Database
from viewcomfy.store.tables import needs

_GET = select(needs.c.needs).where(needs.c.affinity == bindparam("wanted"))
_SOME = select(needs.c.affinity, needs.c.needs).where(needs.c.affinity.in_(bindparam("wanted", expanding=True)))


class NeedsRows:
    """Note and find what jobs of an affinity need."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, affinity: str, what: Needs) -> None:
        """Write down what an affinity stands for, unless that is known."""

        def known(connection: Connection) -> bool:
            return connection.execute(_GET, {"wanted": affinity}).one_or_none() is not None

        def work(connection: Connection) -> None:
            if not known(connection):
                try:
                    connection.execute(insert(needs), {"affinity": affinity, "needs": what.as_dict()})
                except IntegrityError as fault:
                    raise Conflict(f"What {affinity} stands for is known already.") from fault

        if await self._database.read(known):
            return
        with suppress(Conflict):  # another server was first, with the same
            await self._database.run(work)

    async def some(self, affinities: Collection[str]) -> dict[str, Needs]:
        """Return what is known of these affinities."""
        rows = await self._database.read(lambda connection: connection.execute(_SOME, {"wanted": list(affinities)}).all())
        return {row.affinity: Needs.from_dict(row.needs) for row in rows}
