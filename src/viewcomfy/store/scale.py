"""The jobs of a pool as scaling wants them: how many wait and run, by key, and how long the last ones took."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from viewcomfy.store.database import Database
from viewcomfy.store.keys import RUNNING_LIMITS
from viewcomfy.store.tables import FINISHED, QUEUED, RUNNING, jobs

LOOK_BACK = 500
"""Among so many of the last finished jobs, of all pools, those of one pool are looked for."""

_HERE = jobs.c.pool == bindparam("at_pool")
_WAITING = select(jobs.c.key_id, func.count().label("jobs"), func.min(jobs.c.queued_at).label("oldest")).where(QUEUED, _HERE)
_WAITING = _WAITING.group_by(jobs.c.key_id)
_RUNNING = select(jobs.c.key_id, jobs.c.worker, func.count().label("jobs")).where(RUNNING, _HERE).group_by(jobs.c.key_id, jobs.c.worker)
_LAST = (
    select(jobs.c.pool, jobs.c.status, jobs.c.started_at, jobs.c.finished_at, jobs.c.cold_start)
    .where(FINISHED)
    .order_by(jobs.c.finished_at.desc())
    .limit(LOOK_BACK)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A pool's jobs: how many of each key wait and run, the Unix time since when the first waits, and the workers that run some.

    `max_running` has the keys that may run only so many at once. `seconds` tells how long the last jobs took that succeeded, the newest
    first, without the `cold_starts` that some of them waited for.
    """

    waiting: dict[str, int]
    running: dict[str, int]
    oldest: float | None
    workers: frozenset[str]
    max_running: dict[str, int]
    seconds: tuple[float, ...]
    cold_starts: tuple[float, ...]


class ScaleRows:
    """Reads how a pool's jobs stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, pool: str) -> Standing:
        """Return how the jobs of a pool stand."""
        return await self._database.read(lambda connection: _standing(connection, pool))


def _standing(connection: Connection, pool: str) -> Standing:
    waiting = connection.execute(_WAITING, {"at_pool": pool}).all()
    running = connection.execute(_RUNNING, {"at_pool": pool}).all()
    last = [row for row in connection.execute(_LAST) if row.pool == pool and row.status == "succeeded" and row.started_at is not None]
    by_key: dict[str, int] = {}
    for row in running:
        by_key[row.key_id] = by_key.get(row.key_id, 0) + row[2]
    return Standing(
        waiting={row.key_id: row[1] for row in waiting},
        running=by_key,
        oldest=min((row.oldest for row in waiting), default=None),
        workers=frozenset(row.worker for row in running if row.worker),
        max_running={row.client_id: row.max_running for row in connection.execute(RUNNING_LIMITS)},
        seconds=tuple(max(0.0, row.finished_at - row.started_at - (row.cold_start or 0.0)) for row in last),
        cold_starts=tuple(row.cold_start for row in last if row.cold_start),
    )
