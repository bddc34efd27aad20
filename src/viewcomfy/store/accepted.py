"""How many jobs of a key are under way, and how many were accepted in a day, for keys that are limited."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from viewcomfy.core.durations import DAY
from viewcomfy.core.jobs import JobStatus
from viewcomfy.store.database import Database
from viewcomfy.store.rows import AnyRow, of_key
from viewcomfy.store.tables import accepted, jobs, keys

STEP = 600.0
"""Seconds that are counted as one: a job counts for a day, and up to so many seconds more."""

# those who count for the same key wait for each other here
_LOCK = select(keys.c.client_id).where(keys.c.client_id == bindparam("wanted")).with_for_update()
_OF_KEY = accepted.c.client_id == bindparam("wanted")
_NOW = (_OF_KEY, accepted.c.since == bindparam("at"))
_FORGET = delete(accepted).where(_OF_KEY, accepted.c.since <= bindparam("before"))
_LIST = select(accepted.c.since, accepted.c.jobs).where(_OF_KEY).order_by(accepted.c.since)
_TAKE = text(
    "INSERT INTO accepted (client_id, since, jobs) VALUES (:wanted, :at, :more)"
    " ON CONFLICT (client_id, since) DO UPDATE SET jobs = accepted.jobs + excluded.jobs"
)
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

    def turn(self, client_id: str) -> AbstractAsyncContextManager[bool]:
        """Wait some seconds until no other server counts the jobs of this key, and keep them from it; tell whether our turn came."""
        return self._database.turns.turn(f"jobs of {client_id}")

    async def active(self, client_id: str) -> int:
        """Return how many jobs of a key and its visitors are queued or running."""
        return int(await self._database.read(lambda connection: connection.execute(_ACTIVE, {"wanted": client_id}).scalar_one()))

    async def take(self, client_id: str, count: int, most: int, now: float) -> Taken:
        """Count so many jobs as accepted now, unless that would be more than `most` in a day."""
        at = now // STEP * STEP

        def work(connection: Connection) -> Taken:
            connection.execute(_LOCK, {"wanted": client_id})
            connection.execute(_FORGET, {"wanted": client_id, "before": now - DAY - STEP})
            steps = connection.execute(_LIST, {"wanted": client_id}).all()
            spare = most - sum(step.jobs for step in steps)
            if count > spare:
                return Taken(at, spare, _seconds_until(steps, count - spare, now))
            connection.execute(_TAKE, {"wanted": client_id, "at": at, "more": count})
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
    return float(DAY)
