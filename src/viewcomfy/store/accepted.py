"""How many jobs of a key are under way, and how many were accepted in a day, for keys that are limited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from viewcomfy.core.jobs import JobStatus
from viewcomfy.store.database import Database
from viewcomfy.store.rows import AnyRow, of_key
from viewcomfy.store.tables import accepted, jobs

DAY = 86_400.0
STEP = 600.0
"""Seconds that are counted as one: a job counts for a day, and up to so many seconds more."""

_OF_KEY = accepted.c.client_id == bindparam("wanted")
_NOW = (_OF_KEY, accepted.c.since == bindparam("at"))
_FORGET = delete(accepted).where(_OF_KEY, accepted.c.since <= bindparam("before"))
_LIST = select(accepted.c.since, accepted.c.jobs).where(_OF_KEY).order_by(accepted.c.since)
_ADD = update(accepted).where(*_NOW).values(jobs=accepted.c.jobs + bindparam("more"))
_UNFINISHED = (JobStatus.QUEUED.value, JobStatus.RUNNING.value)
_ACTIVE = select(func.count()).where(jobs.c.status.in_(_UNFINISHED), of_key(bindparam("wanted")))


@dataclass(frozen=True, slots=True)
class Taken:
    """Places of a day. `refused_for` are the seconds until there is room for them, where there was none; None: they are taken."""

    at: float
    jobs: int
    refused_for: float | None = None


class AcceptedRows:
    """Count the jobs of keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def active(self, client_id: str) -> int:
        """Return how many jobs of a key and its visitors are queued or running."""
        return int(await self._database.read(lambda connection: connection.execute(_ACTIVE, {"wanted": client_id}).scalar_one()))

    async def take(self, client_id: str, count: int, most: int, now: float) -> Taken:
        """Count so many jobs as accepted now, unless that would be more than `most` in a day."""
        at = now // STEP * STEP

        def work(connection: Connection) -> Taken:
            connection.execute(_FORGET, {"wanted": client_id, "before": now - DAY - STEP})
            steps = connection.execute(_LIST, {"wanted": client_id}).all()
            spare = most - sum(step.jobs for step in steps)
            if count > spare:
                return Taken(at, spare, _seconds_until(steps, count - spare, now))
            if connection.execute(_ADD, {"wanted": client_id, "at": at, "more": count}).rowcount == 0:
                connection.execute(insert(accepted), {"client_id": client_id, "since": at, "jobs": count})
            return Taken(at, count)

        return await self._database.run(work)

    async def give_back(self, client_id: str, taken: Taken) -> None:
        """Count jobs no more that were not accepted after all."""
        values = {"wanted": client_id, "at": taken.at, "more": -taken.jobs}
        await self._database.run(lambda connection: connection.execute(_ADD, values))


def _seconds_until(steps: Sequence[AnyRow], missing: int, now: float) -> float:
    """Return when so many places are free again; a day from now if they never are."""
    for step in steps:
        missing -= step.jobs
        if missing <= 0:
            return max(1.0, float(step.since) + STEP + DAY - now)
    return DAY
