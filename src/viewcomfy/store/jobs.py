"""The rows of jobs, as callers and retention see them; how they move through the queue is `queue.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from viewcomfy.core.errors import BadInput, Conflict
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.store.database import Database
from viewcomfy.store.prepared import Prepared
from viewcomfy.store.recent import RecentJobs
from viewcomfy.store.rows import JOB_COLUMNS, NEW_COLUMNS, AnyRow, job_of, of_key, row_of
from viewcomfy.store.tables import events, jobs, keys, workflows

MAX_NUMBER = 2**63 - 1
STEP = 5000
"""How many numbers of jobs are searched at once: some ten milliseconds of work."""

_ADD = Prepared(insert(jobs).inline(), *NEW_COLUMNS)
_ADD_WORKFLOW = Prepared(insert(workflows), "prompt_id", "workflow")
_GET = (
    select(*JOB_COLUMNS, workflows.c.workflow)
    .join_from(jobs, workflows, workflows.c.prompt_id == jobs.c.prompt_id)
    .where(jobs.c.prompt_id == bindparam("wanted"))
)
_CREATED_AT = select(jobs.c.created_at).where(jobs.c.prompt_id == bindparam("wanted"))
_NEWEST = select(func.max(jobs.c.number))
_IS_SHARED = select(keys.c.share).where(keys.c.client_id == bindparam("wanted"))
_COUNTS = select(jobs.c.status, func.count().label("number")).group_by(jobs.c.status)


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished job whose files are still there; `size` is what its uploads and outputs take, in bytes."""

    prompt_id: str
    finished_at: float
    size: int


class JobRows:
    """Add, read, list and forget jobs."""

    def __init__(self, database: Database, recent: RecentJobs) -> None:
        self._database = database
        self._recent = recent

    async def add(self, job: Job) -> None:
        """Store a new job, ready to be claimed; raise Conflict when its prompt_id is taken."""

        def work(connection: Connection) -> None:
            try:
                _ADD.run(connection, row_of(job))
            except IntegrityError as fault:
                raise Conflict(f"There is a job {job.prompt_id} already.", hint="Use a new prompt_id for each job.") from fault
            _ADD_WORKFLOW.run(connection, {"prompt_id": job.prompt_id, "workflow": job.workflow})

        def is_stored(connection: Connection, _: None) -> bool:
            # the time tells it from another one of the same prompt_id
            return connection.execute(_CREATED_AT, {"wanted": job.prompt_id}).scalar_one_or_none() == job.created_at

        await self._database.run_surely(work, is_stored)
        self._recent.add(job)

    async def get(self, prompt_id: str) -> Job | None:
        """Return a job with its workflow."""
        if recent := self._recent.get(prompt_id):
            return recent

        def work(connection: Connection) -> Job | None:
            row = connection.execute(_GET, {"wanted": prompt_id}).one_or_none()
            return job_of(row, row.workflow) if row else None

        return await self._database.read(work)

    async def several(self, prompt_ids: Collection[str]) -> list[Job]:
        """Return those of these jobs that are there, without their workflows."""
        query = select(*JOB_COLUMNS).where(jobs.c.prompt_id.in_(prompt_ids))
        return [job_of(row) for row in await self._rows(query)]

    async def page(
        self,
        *,
        deployment: str | None = None,
        statuses: Collection[JobStatus] | None = None,
        key_id: str | None = None,
        visitors: bool = False,
        created_after: float | None = None,
        created_before: float | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> tuple[list[Job], str | None]:
        """Return up to `limit` jobs, newest first and without their workflows, and the cursor of the next page if there is one.

        `visitors`: the `key_id` of a share link stands for its visitors too. `created_after` is included, `created_before` is
        not. A cursor stays good while jobs come and go.
        """
        query = select(*JOB_COLUMNS, jobs.c.number).order_by(jobs.c.number.desc()).limit(limit + 1)
        if deployment is not None:
            query = query.where(jobs.c.deployment == deployment)
        if statuses:
            query = query.where(jobs.c.status.in_(statuses))
        search = visitors and key_id is not None and await self._is_shared(key_id)
        if key_id is not None:
            query = query.where(of_key(literal(key_id)) if search else jobs.c.key_id == key_id)
        if created_after is not None:
            query = query.where(jobs.c.created_at >= created_after)
        if created_before is not None:
            query = query.where(jobs.c.created_at < created_before)
        before = MAX_NUMBER if cursor is None else _number(cursor)
        rows = await (self._searched(query, before, limit + 1) if search else self._rows(query.where(jobs.c.number < before)))
        more = str(rows[limit - 1].number) if len(rows) > limit else None
        return [job_of(row) for row in rows[:limit]], more

    async def _is_shared(self, key_id: str) -> bool:
        return bool(await self._database.read(lambda connection: connection.execute(_IS_SHARED, {"wanted": key_id}).scalar_one_or_none()))

    async def _searched(self, query: Select[*tuple[Any, ...]], before: int, limit: int) -> Sequence[AnyRow]:
        """Return the newest `limit` rows, looked for in steps of bounded work: no index finds them."""
        newest = await self._database.read(lambda connection: connection.execute(_NEWEST).scalar_one())
        rows: list[AnyRow] = []
        before = min(before, (newest or 0) + 1)
        while before > 1 and len(rows) < limit:
            rows += await self._rows(query.where(jobs.c.number < before, jobs.c.number >= before - STEP))
            before -= STEP
            await asyncio.sleep(0)
        return rows[:limit]

    async def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[AnyRow]:
        return await self._database.read(lambda connection: connection.execute(query).all())

    async def counts(self) -> dict[JobStatus, int]:
        """Return how many jobs there are of each status."""
        rows = await self._database.read(lambda connection: connection.execute(_COUNTS).all())
        return dict.fromkeys(JobStatus, 0) | {JobStatus(row.status): row.number for row in rows}

    async def finished_before(self, time: float, limit: int = 500) -> list[str]:
        """Return the prompt_ids of jobs that finished before a time, oldest first."""
        query = select(jobs.c.prompt_id).where(jobs.c.finished_at < time).order_by(jobs.c.finished_at).limit(limit)
        return list(await self._database.read(lambda connection: connection.execute(query).scalars().all()))

    async def oldest_finished(self, limit: int = 500) -> list[Kept]:
        """Return the finished jobs that still have files, oldest first."""
        query = (
            select(jobs.c.prompt_id, jobs.c.finished_at, jobs.c.bytes)
            .where(jobs.c.finished_at.is_not(None), jobs.c.files_removed_at.is_(None))
            .order_by(jobs.c.finished_at)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [Kept(row.prompt_id, row.finished_at, row.bytes) for row in rows]

    async def mark_files_removed(self, prompt_ids: Collection[str], now: float) -> None:
        """Note that the files of these jobs are gone."""
        query = update(jobs).where(jobs.c.prompt_id.in_(prompt_ids)).values(files_removed_at=now)
        await self._database.run(lambda connection: connection.execute(query))

    async def forget(self, prompt_ids: Collection[str]) -> int:
        """Remove finished jobs and their events; return how many jobs that were."""

        def work(connection: Connection) -> int:
            finished = select(jobs.c.prompt_id).where(jobs.c.prompt_id.in_(prompt_ids), jobs.c.finished_at.is_not(None))
            gone = connection.execute(finished).scalars().all()
            connection.execute(delete(events).where(events.c.prompt_id.in_(gone)))
            connection.execute(delete(workflows).where(workflows.c.prompt_id.in_(gone)))
            connection.execute(delete(jobs).where(jobs.c.prompt_id.in_(gone)))
            return len(gone)

        self._recent.forget(prompt_ids)
        return await self._database.run(work)

    async def forget_events(self, prompt_ids: Collection[str]) -> None:
        """Remove the events of jobs that are gone."""
        query = delete(events).where(events.c.prompt_id.in_(prompt_ids))
        await self._database.run(lambda connection: connection.execute(query))


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadInput(f"{cursor[:80]!r} is not a cursor.", hint="Use the cursor that came with the page before.")
    return int(cursor)
