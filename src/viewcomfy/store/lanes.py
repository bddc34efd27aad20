"""The lanes of a queue, found along an index: as many steps as there are lanes, however many jobs wait in them."""

from __future__ import annotations

from sqlalchemy import Select, bindparam, literal_column, select

from viewcomfy.core.scheduling import Lane
from viewcomfy.store.tables import QUEUED, jobs

_waiting = jobs.alias("waiting")  # its own name: inside an UPDATE of jobs it must not mean the row that is updated

NEXT_IN_LANE = (
    select(_waiting.c.number)
    .where(
        _waiting.c.status == literal_column("'queued'"),
        _waiting.c.pool == bindparam("at_pool"),
        _waiting.c.lane == bindparam("at_lane"),
        _waiting.c.run_after <= bindparam("now"),
    )
    .order_by(_waiting.c.queued_at, _waiting.c.number)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
"""The number of the first job of a lane that can go now."""


def lanes_query() -> Select[tuple[str, float]]:
    """Return the query for the lanes of a pool: their text and the time of their oldest job that can go now, NULL where all must wait.

    It walks the index from each lane to the next one, because grouping would read every waiting job for each claim.
    """
    here = (QUEUED, jobs.c.pool == bindparam("at_pool"))
    # not min(): without statistics PostgreSQL reads all that it is the smallest of
    along = select(jobs.c.lane).where(*here).order_by(jobs.c.lane).limit(1)
    walk = select(along.scalar_subquery().label("lane")).cte("walk", recursive=True)
    following = along.where(jobs.c.lane > walk.c.lane).scalar_subquery()
    walk = walk.union_all(select(following).where(walk.c.lane.is_not(None)))
    oldest = (
        select(jobs.c.queued_at)
        .where(*here, jobs.c.lane == walk.c.lane, jobs.c.run_after <= bindparam("now"))
        .order_by(jobs.c.queued_at)
        .limit(1)
        .scalar_subquery()
    )
    return select(walk.c.lane, oldest.label("oldest")).where(walk.c.lane.is_not(None))


def lane_of(pool: str, text: str, oldest: float) -> Lane:
    """Return the lane of a row of the query."""
    priority, key_id, affinity = text.split("\n", 2)
    return Lane(pool, int(priority), key_id, affinity, oldest)
