"""The rows of events: what followers of a job get after its end, or after a restart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, text

from viewcomfy.core.events import Event, EventKind
from viewcomfy.store.database import Database
from viewcomfy.store.prepared import Prepared
from viewcomfy.store.tables import Json, events

# an event that is there already is the same one: its answer was lost the first time, or two servers keep the events of one job
_APPEND = Prepared(
    text(
        "INSERT INTO events (prompt_id, seq, kind, at, data) VALUES (:prompt_id, :seq, :kind, :at, :data)"
        " ON CONFLICT (prompt_id, seq) DO NOTHING"
    ).bindparams(bindparam("data", type_=Json))
)
_READ = (
    select(events.c.kind, events.c.data, events.c.at, events.c.seq)
    .where(events.c.prompt_id == bindparam("wanted"), events.c.seq > bindparam("after_seq"))
    .order_by(events.c.seq)
)
_TRIM = delete(events).where(
    events.c.prompt_id == bindparam("wanted"), events.c.seq < bindparam("before_seq"), events.c.kind == EventKind.LOG.value
)
_LAST = select(func.max(events.c.seq)).where(events.c.prompt_id == bindparam("wanted"))


class EventRows:
    """Append, read and forget events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, batch: Iterable[tuple[str, Event]], trims: Mapping[str, int] | None = None) -> None:
        """Store numbered events, each with the prompt_id of its job, then remove the log lines below a seq for the jobs in `trims`.

        Those that are there already stay as they are.
        """
        rows = [
            {"prompt_id": prompt_id, "seq": event.seq, "kind": event.kind.value, "at": event.at, "data": dict(event.data)}
            for prompt_id, event in batch
        ]
        below = [{"wanted": prompt_id, "before_seq": seq} for prompt_id, seq in (trims or {}).items()]

        def work(connection: Connection) -> None:
            if rows:
                _APPEND.run_many(connection, rows)
            if below:
                connection.execute(_TRIM, below)

        await self._database.run(work)

    async def read(self, prompt_id: str, after_seq: int = 0) -> list[Event]:
        """Return the stored events of a job with a greater seq, in order."""

        def work(connection: Connection) -> list[Any]:
            return list(connection.execute(_READ, {"wanted": prompt_id, "after_seq": after_seq}).all())

        return [Event(EventKind(row.kind), row.data, row.at, row.seq) for row in await self._database.read(work)]

    async def last_seq(self, prompt_id: str) -> int:
        """Return the seq of the last stored event of a job; 0 when there is none."""
        found = await self._database.read(lambda connection: connection.execute(_LAST, {"wanted": prompt_id}).scalar_one())
        return int(found or 0)

    async def forget(self, prompt_ids: Collection[str]) -> None:
        """Remove the events of these jobs."""
        query = delete(events).where(events.c.prompt_id.in_(prompt_ids))
        await self._database.run(lambda connection: connection.execute(query))
