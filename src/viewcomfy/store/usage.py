"""What usage needs of the jobs: light rows, in pages of bounded work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from sqlalchemy import Connection, Text, bindparam, func, select, type_coerce

from viewcomfy.core.usage import UsageRow
from viewcomfy.store.database import Database
from viewcomfy.store.prepared import Prepared
from viewcomfy.store.rows import ERROR_CODE_LENGTH, error_code_of, of_key
from viewcomfy.store.tables import jobs

PAGE = 1000
"""How many numbers of jobs are looked through at a time: some ten milliseconds of work."""
SLACK = 900.0
"""How much later than its neighbours a job's row may come, in seconds: a large batch is stored when all of it is kept."""

_DEPLOYMENT = bindparam("at_deployment", type_=Text)
_KEY = bindparam("at_key", type_=Text)
_PAGE = Prepared(
    select(
        *(jobs.c[name] for name in UsageRow._fields if name != "error_code"),
        func.substr(type_coerce(jobs.c.error, Text), 1, ERROR_CODE_LENGTH),
    ).where(
        jobs.c.number >= bindparam("first"),
        jobs.c.number < bindparam("past"),
        jobs.c.created_at >= bindparam("since"),
        jobs.c.created_at < bindparam("until"),
        _DEPLOYMENT.is_(None) | (jobs.c.deployment == _DEPLOYMENT),
        _KEY.is_(None) | of_key(_KEY),
    )
)
# apart, because SQLite reads the whole table for both at once
_RANGE = select(select(func.min(jobs.c.number)).scalar_subquery(), select(func.max(jobs.c.number)).scalar_subquery())
_FROM = Prepared(select(jobs.c.number, jobs.c.created_at).where(jobs.c.number >= bindparam("first")).order_by(jobs.c.number).limit(1))


class UsageRows:
    """Reads jobs as usage wants them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pages(
        self, since: float, until: float, *, deployment: str | None = None, key_id: str | None = None
    ) -> AsyncIterator[list[UsageRow]]:
        """Yield the jobs that were accepted from `since` to before `until`, some at a time.

        The `key_id` of a share link stands for its visitors too.
        """
        values = {"since": since, "until": until, "at_deployment": deployment, "at_key": key_id}
        first, past = await self._database.read(
            lambda connection: (_number_at(connection, since - SLACK), _number_at(connection, until + SLACK))
        )
        for number in range(first, past, PAGE):
            page = {**values, "first": number, "past": min(number + PAGE, past)}
            yield await self._database.read(partial(_read, page=page))


def _read(connection: Connection, page: dict[str, Any]) -> list[UsageRow]:
    rows = _PAGE.run(connection, page).fetchall()
    return [UsageRow._make((*row[:-1], row[-1] and error_code_of(row[-1]))) for row in rows]


def _number_at(connection: Connection, time: float) -> int:
    """Return the number from which on jobs were accepted at a time or later: numbers grow with time."""
    low, high = connection.execute(_RANGE).one()
    if low is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        found = _FROM.run(connection, {"first": middle}).fetchone()
        if found is None or found[1] >= time:
            high = middle
        else:
            low = found[0] + 1
    return int(low)
