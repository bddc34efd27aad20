"""The backlog, counted by pool and deployment."""

from __future__ import annotations

from sqlalchemy import case, func, select

from viewcomfy.core.backlog import Backlog
from viewcomfy.store.database import Database
from viewcomfy.store.tables import QUEUED, RUNNING, jobs

_QUERY = (
    select(
        jobs.c.pool,
        jobs.c.deployment,
        func.count(case((QUEUED, 1))).label("queued"),
        func.count(case((RUNNING, 1))).label("running"),
        func.min(case((QUEUED, jobs.c.queued_at))).label("oldest"),
    )
    .where(QUEUED | RUNNING)
    .group_by(jobs.c.pool, jobs.c.deployment)
)


class BacklogRows:
    """Count what is not done yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> list[Backlog]:
        """Return the backlog of every pool and deployment that has one."""
        rows = await self._database.read(lambda connection: connection.execute(_QUERY).all())
        return [Backlog(row.pool, row.deployment, row.queued, row.running, row.oldest) for row in rows]
