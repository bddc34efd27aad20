"""The rows of batches: what each was made of, and which jobs belong to it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Text, bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from viewcomfy.core.batches import Axis, Batch
from viewcomfy.core.errors import BadInput, Conflict
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.store.database import Database
from viewcomfy.store.rows import JOB_COLUMNS, AnyRow, job_of, row_of
from viewcomfy.store.tables import QUEUED, RUNNING, batch_jobs, batches, encode, jobs, workflows

_ADD = insert(batches)
_ADD_JOBS = insert(jobs).inline()
_ADD_WORKFLOWS = insert(workflows).values(prompt_id=bindparam("of_job"), workflow=bindparam("text", type_=Text))
_ADD_LINKS = insert(batch_jobs)
_GET = select(batches).where(batches.c.batch_id == bindparam("wanted"))
_STATUSES = (
    select(batch_jobs.c.number, batch_jobs.c.prompt_id, batch_jobs.c.label, jobs.c.status)
    .join_from(batch_jobs, jobs, jobs.c.prompt_id == batch_jobs.c.prompt_id)
    .where(batch_jobs.c.batch_id == bindparam("wanted"))
    .order_by(batch_jobs.c.number)
)
_COUNTS = (
    select(batch_jobs.c.batch_id, jobs.c.status, func.count().label("jobs"))
    .join_from(batch_jobs, jobs, jobs.c.prompt_id == batch_jobs.c.prompt_id)
    .where(batch_jobs.c.batch_id.in_(bindparam("wanted", expanding=True)))
    .group_by(batch_jobs.c.batch_id, jobs.c.status)
)
_FINISHED = (
    select(*JOB_COLUMNS)
    .join_from(batch_jobs, jobs, jobs.c.prompt_id == batch_jobs.c.prompt_id)
    .where(batch_jobs.c.batch_id == bindparam("wanted"), jobs.c.finished_at.is_not(None))
    .order_by(batch_jobs.c.number)
)
_TO_CANCEL = (
    select(batch_jobs.c.prompt_id)
    .join_from(batch_jobs, batches, batches.c.batch_id == batch_jobs.c.batch_id)
    .join(jobs, jobs.c.prompt_id == batch_jobs.c.prompt_id)
    .where(batches.c.canceled_at.is_not(None), QUEUED | RUNNING)
    .order_by(jobs.c.number.desc())
)
_MARK_CANCELED = (
    update(batches).where(batches.c.batch_id == bindparam("wanted"), batches.c.canceled_at.is_(None)).values(canceled_at=bindparam("now"))
)
_FORGET_EMPTY = delete(batches).where(~select(batch_jobs.c.batch_id).where(batch_jobs.c.batch_id == batches.c.batch_id).exists())


@dataclass(frozen=True, slots=True)
class BatchJob:
    """One job of a batch: its place in it from 0, what makes it differ from the others, and how it stands."""

    number: int
    prompt_id: str
    label: str
    status: JobStatus


class BatchRows:
    """Add, find and list batches. A job that is forgotten leaves its batch; `forget_empty` removes those that nothing is left of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, batch: Batch, members: Sequence[Job]) -> None:
        """Store a batch with all of its jobs, in its order and ready to be claimed: everything or nothing.

        Raises Conflict when the batch_id or one of the prompt_ids is taken.
        """
        taken = Conflict(f"There is a batch {batch.batch_id[:80]}, or one of its jobs, already.", hint="Use new ids for each batch.")

        # a thousand large workflows take a second to write as text, in which nothing else must wait for this transaction
        texts = await asyncio.to_thread(lambda: [encode(job.workflow) for job in members])

        def work(connection: Connection) -> None:
            try:
                connection.execute(_ADD, _row_of(batch))
                if members:
                    _add_members(connection, batch, members, texts)
            except IntegrityError as fault:
                raise taken from fault

        def is_stored(connection: Connection, _: None) -> bool:
            return {job.prompt_id for job in members} == {row.prompt_id for row in _statuses(connection, batch.batch_id)}

        await self._database.run_surely(work, is_stored)

    async def get(self, batch_id: str) -> Batch | None:
        """Return a batch, with the prompt_ids and labels of those of its jobs that are still there."""

        def work(connection: Connection) -> Batch | None:
            row = connection.execute(_GET, {"wanted": batch_id}).one_or_none()
            return _batch_of(row, _statuses(connection, batch_id)) if row else None

        return await self._database.read(work)

    async def statuses(self, batch_id: str) -> list[BatchJob]:
        """Return how the jobs of a batch stand, in order; those that have been forgotten are left out."""
        return await self._database.read(lambda connection: _statuses(connection, batch_id))

    async def counts(self, batch_ids: Collection[str]) -> dict[str, dict[JobStatus, int]]:
        """Return how many jobs of each of these batches have which status."""
        rows = await self._database.read(lambda connection: connection.execute(_COUNTS, {"wanted": list(batch_ids)}).all())
        counts: dict[str, dict[JobStatus, int]] = defaultdict(dict)
        for row in rows:
            counts[row.batch_id][JobStatus(row.status)] = row.jobs
        return {batch_id: counts[batch_id] for batch_id in batch_ids}

    async def page(
        self, *, key_id: str | None = None, deployment: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> tuple[list[Batch], str | None]:
        """Return up to `limit` batches, newest first and without their prompt_ids and labels, and the cursor of the next page."""
        query = _page(limit + 1, cursor)
        for column, wanted in ((batches.c.key_id, key_id), (batches.c.deployment, deployment)):
            if wanted is not None:
                query = query.where(column == wanted)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        more = f"{rows[limit - 1].created_at!r}_{rows[limit - 1].batch_id}" if len(rows) > limit else None
        return [_batch_of(row) for row in rows[:limit]], more

    async def finished(self, batch_id: str) -> list[Job]:
        """Return the jobs of a batch that have ended, in order and without their workflows."""
        rows = await self._database.read(lambda connection: connection.execute(_FINISHED, {"wanted": batch_id}).all())
        return [job_of(row) for row in rows]

    async def to_cancel(self) -> list[str]:
        """Return the prompt_ids of the jobs that have not ended though their batch was canceled, the newest first."""
        return list(await self._database.read(lambda connection: connection.execute(_TO_CANCEL).scalars().all()))

    async def mark_canceled(self, batch_id: str, now: float) -> bool:
        """Note that a batch was canceled; tell whether this call was the first to say so."""
        values = {"wanted": batch_id, "now": now}
        return await self._database.run(lambda connection: connection.execute(_MARK_CANCELED, values).rowcount == 1)

    async def forget_empty(self) -> int:
        """Remove the batches that no job is left of; return how many that were."""
        return await self._database.run(lambda connection: connection.execute(_FORGET_EMPTY).rowcount)


def _add_members(connection: Connection, batch: Batch, members: Sequence[Job], texts: Sequence[str]) -> None:
    labels = batch.labels or ("",) * len(members)
    connection.execute(_ADD_JOBS, [row_of(job) for job in members])
    connection.execute(_ADD_WORKFLOWS, [{"of_job": job.prompt_id, "text": text} for job, text in zip(members, texts, strict=True)])
    links = [
        {"batch_id": batch.batch_id, "number": number, "prompt_id": job.prompt_id, "label": label}
        for number, (job, label) in enumerate(zip(members, labels, strict=True))
    ]
    connection.execute(_ADD_LINKS, links)


def _statuses(connection: Connection, batch_id: str) -> list[BatchJob]:
    rows = connection.execute(_STATUSES, {"wanted": batch_id}).all()
    return [BatchJob(row.number, row.prompt_id, row.label, JobStatus(row.status)) for row in rows]


def _page(limit: int, cursor: str | None) -> Select[Any]:
    query = select(batches).order_by(batches.c.created_at.desc(), batches.c.batch_id.desc()).limit(limit)
    if cursor is None:
        return query
    created_at, _, batch_id = cursor.partition("_")
    try:
        after = float(created_at)
        batch_id.encode()
    except ValueError as fault:
        raise BadInput(f"{cursor[:80]!r} is not a cursor.", hint="Use the cursor that came with the page before.") from fault
    return query.where(tuple_(batches.c.created_at, batches.c.batch_id) < tuple_(after, batch_id))


def _row_of(batch: Batch) -> dict[str, Any]:
    axes = [{"name": axis.name, "labels": axis.labels} for axis in batch.axes]
    return {
        "batch_id": batch.batch_id, "deployment": batch.deployment, "version": batch.version, "key_id": batch.key_id,
        "created_at": batch.created_at, "total": batch.total, "axes": axes, "canceled_at": batch.canceled_at,
    }  # fmt: skip


def _batch_of(row: AnyRow, members: Sequence[BatchJob] = ()) -> Batch:
    return Batch(
        batch_id=row.batch_id, deployment=row.deployment, version=row.version, key_id=row.key_id, created_at=row.created_at,
        total=row.total, prompt_ids=tuple(job.prompt_id for job in members), labels=tuple(job.label for job in members),
        axes=tuple(Axis(axis["name"], tuple(axis["labels"])) for axis in row.axes), canceled_at=row.canceled_at,
    )  # fmt: skip
