"""The rows of jobs as a queue: claim, extend, commit, release, cancel, expire. Each is one transaction that checks what it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection, bindparam, func, null, select, update
from sqlalchemy.sql.elements import ColumnElement

from viewcomfy.core.errors import StaleLease, UnknownJob
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.core.scheduling import Lane
from viewcomfy.store.database import Database
from viewcomfy.store.jobs import JobRows
from viewcomfy.store.keys import RUNNING_LIMITS
from viewcomfy.store.lanes import NEXT_IN_LANE, lane_of, lanes_query
from viewcomfy.store.prepared import Prepared
from viewcomfy.store.recent import RecentJobs
from viewcomfy.store.rows import JOB_COLUMNS, job_of, lane_text, manifest_row
from viewcomfy.store.tables import QUEUED, RUNNING, events, jobs

T = TypeVar("T")
Stand = tuple[str, int, JobStatus]
"""How a job stands: its prompt_id, attempt and status."""

_MINE: tuple[ColumnElement[bool], ...] = (
    jobs.c.prompt_id == bindparam("wanted"),
    jobs.c.attempt == bindparam("wanted_attempt"),
    RUNNING,
)
_LANES = Prepared(lanes_query())
_CLAIM = Prepared(
    update(jobs)
    .where(jobs.c.number == NEXT_IN_LANE, QUEUED)
    .values(
        status="running",
        attempt=jobs.c.attempt + 1,
        worker=bindparam("new_worker"),
        started_at=bindparam("now"),
        lease_expires_at=bindparam("new_expiry"),
    )
    .returning(jobs.c.prompt_id, jobs.c.attempt)
)
_EXTEND = update(jobs).where(*_MINE).values(lease_expires_at=bindparam("new_expiry"))
_COMMIT = Prepared(
    update(jobs)
    .where(*_MINE)
    .values(
        status=bindparam("new_status"),
        outputs=bindparam("new_outputs"),
        error=bindparam("new_error"),
        execution_time=bindparam("new_execution_time"),
        cold_start=bindparam("new_cold_start"),
        bytes=jobs.c.bytes + bindparam("new_bytes"),
        finished_at=bindparam("now"),
        lease_expires_at=null(),
    )
)
_CANCEL = (
    update(jobs)
    .where(jobs.c.prompt_id == bindparam("wanted"), QUEUED | RUNNING)
    .values(status="canceled", finished_at=bindparam("now"), lease_expires_at=null())
    .returning(*JOB_COLUMNS)
)
_GET = select(*JOB_COLUMNS).where(jobs.c.prompt_id == bindparam("wanted"))
_FAILURES = select(jobs.c.failures).where(*_MINE).with_for_update()
_OVERDUE = (
    select(jobs.c.prompt_id, jobs.c.attempt)
    .where(RUNNING, jobs.c.lease_expires_at <= bindparam("ended_by"))
    .with_for_update(skip_locked=True)
)
_GIVE_BACK = (
    update(jobs)
    .where(*_MINE)
    .values(
        status=bindparam("new_status"),
        failures=bindparam("new_failures"),
        run_after=bindparam("new_run_after"),
        error=bindparam("new_error"),
        finished_at=bindparam("new_finished_at"),
        worker=null(),
        started_at=null(),
        lease_expires_at=null(),
    )
    .returning(*JOB_COLUMNS)
)

Choose = Callable[[Sequence[Lane]], tuple[Lane, str] | None]


class QueueRows:
    """What an engine needs of the jobs. Times are Unix seconds; jobs are returned without their workflows."""

    def __init__(self, database: Database, recent: RecentJobs) -> None:
        self._database = database
        self._recent = recent
        self._jobs = JobRows(database, recent)
        self._on_end: Callable[[str], None] = lambda _: None

    def tell_ends(self, on_end: Callable[[str], None]) -> None:
        """Call a function with the prompt_id of every job that ends here: each job ends in one process, once."""
        self._on_end = on_end

    async def claim(self, pool: str, choose: Choose, *, now: float, expires_at: float) -> tuple[str, int] | None:
        """Give the oldest job of the lane that `choose` returns to the worker that it returns; return its prompt_id and attempt.

        `choose` is called inside the transaction, maybe on another thread, with the lanes of the pool that can go now.
        """

        def work(connection: Connection) -> tuple[str, int, str] | None:
            found = _LANES.run(connection, {"at_pool": pool, "now": now}).fetchall()
            lanes = [lane_of(pool, text, oldest) for text, oldest in found if oldest is not None]
            chosen = choose(lanes)
            if chosen is None:
                return None
            lane, worker = chosen
            values = {
                "at_pool": pool,
                "at_lane": lane_text(lane.priority, lane.key_id, lane.affinity),
                "now": now,
                "new_worker": worker,
                "new_expiry": expires_at,
            }
            row = _CLAIM.run(connection, values).fetchone()
            return (*row, worker) if row else None

        claimed = await self._change(work, lambda claimed: [(claimed[0], claimed[1], JobStatus.RUNNING)] if claimed else [])
        if claimed is None:
            return None
        prompt_id, attempt, worker = claimed
        self._recent.update(prompt_id, status=JobStatus.RUNNING, attempt=attempt, worker=worker, started_at=now)
        return prompt_id, attempt

    async def extend(self, prompt_id: str, attempt: int, *, expires_at: float) -> None:
        """Move the end of a lease; raise StaleLease when the attempt is not the job's running one."""
        values = {"wanted": prompt_id, "wanted_attempt": attempt, "new_expiry": expires_at}

        def work(connection: Connection) -> None:
            if connection.execute(_EXTEND, values).rowcount != 1:
                raise _stale(prompt_id, attempt)

        await self._database.run(work)

    async def commit(self, prompt_id: str, attempt: int, manifest: Manifest, *, now: float) -> None:
        """Finish a job; raise StaleLease when the attempt is not the job's running one."""

        def work(connection: Connection) -> None:
            values = {"wanted": prompt_id, "wanted_attempt": attempt, "now": now, **manifest_row(manifest)}
            if _COMMIT.run(connection, values).rowcount != 1:
                raise _stale(prompt_id, attempt)

        await self._change(work, lambda _: [(prompt_id, attempt, manifest.status)])
        outcome = {"status": manifest.status, "outputs": manifest.outputs, "error": manifest.error}
        times = {"execution_time": manifest.execution_time, "cold_start": manifest.cold_start, "finished_at": now}
        self._recent.update(prompt_id, **outcome, **times)
        self._on_end(prompt_id)

    async def release(
        self, prompt_id: str, attempt: int, error: JobError, *, now: float, run_after: float, counts: bool, attempts: int
    ) -> Job:
        """Queue a job again, or fail it with `error` once `attempts` of its attempts have counted; raise StaleLease as commit does."""

        def work(connection: Connection) -> Job:
            return _give_back(connection, prompt_id, attempt, error, now=now, run_after=run_after, counts=counts, attempts=attempts)

        job = await self._change(work, lambda job: [_stand_of(job)])
        self._changed(job)
        return job

    async def cancel(self, prompt_id: str, *, now: float) -> tuple[Job, bool]:
        """Cancel a job that has not finished; return it as it then is, and whether this call has changed it. Raises UnknownJob."""

        def work(connection: Connection) -> tuple[Job, bool]:
            canceled = connection.execute(_CANCEL, {"wanted": prompt_id, "now": now}).one_or_none()
            row = canceled or connection.execute(_GET, {"wanted": prompt_id}).one_or_none()
            if row is None:
                raise UnknownJob(f"There is no job {prompt_id[:80]!r}.")
            return job_of(row), canceled is not None

        job, changed = await self._change(work, lambda result: [_stand_of(result[0])])
        self._changed(job, is_end=changed)
        return job, changed

    async def expire(self, error: JobError, *, ended_by: float, now: float, attempts: int) -> list[Job]:
        """Take back every job whose lease ends before a time; return them as they then are, queued or failed with `error`."""

        def work(connection: Connection) -> list[Job]:
            overdue = connection.execute(_OVERDUE, {"ended_by": ended_by}).all()
            return [
                _give_back(connection, row.prompt_id, row.attempt, error, now=now, run_after=0.0, counts=True, attempts=attempts)
                for row in overdue
            ]

        taken = await self._change(work, lambda taken: [_stand_of(job) for job in taken])
        for job in taken:
            self._changed(job)
        return taken

    def _changed(self, job: Job, *, is_end: bool = True) -> None:
        self._recent.changed(job)
        if is_end and job.status.is_final:
            self._on_end(job.prompt_id)

    async def _change(self, work: Callable[[Connection], T], stands_of: Callable[[T], Sequence[Stand]]) -> T:
        """Run a transaction that leaves jobs standing so; where its end is not heard of, nothing that is remembered can be trusted."""
        try:
            return await self._database.run_surely(work, lambda connection, result: _all_stand(connection, stands_of(result)))
        except BaseException:
            self._recent.forget_all()
            raise

    async def unfinished(self) -> list[tuple[str, str, JobStatus, int]]:
        """Return prompt_id, pool, status and the seq of the last stored event (0: none) of every job that is not finished."""
        last = func.coalesce(select(func.max(events.c.seq)).where(events.c.prompt_id == jobs.c.prompt_id).scalar_subquery(), 0)
        query = select(jobs.c.prompt_id, jobs.c.pool, jobs.c.status, last.label("last_seq")).where(QUEUED | RUNNING)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [(row.prompt_id, row.pool, JobStatus(row.status), row.last_seq) for row in rows]

    async def queued(self) -> list[tuple[str, str, int, float]]:
        """Return prompt_id, pool, attempt and the Unix time of queueing of every job that waits, in no order."""
        rows = await self._database.read(lambda connection: connection.execute(_QUEUED).all())
        return [tuple(row) for row in rows]

    async def running(self) -> list[Job]:
        """Return every job that runs, as it stands."""
        return [job_of(row) for row in await self._database.read(lambda connection: connection.execute(_RUNNING).all())]

    async def finished_since(self, time: float) -> list[Job]:
        """Return every job that has ended since a Unix time, as it stands."""
        return [job_of(row) for row in await self._database.read(lambda connection: connection.execute(_ENDED, {"since": time}).all())]

    async def renew_all(self, *, expires_at: float) -> None:
        """Move the end of every lease."""
        await self._database.run(lambda connection: connection.execute(_RENEW_ALL, {"new_expiry": expires_at}))

    async def running_limits(self) -> Mapping[str, int]:
        """Return how many jobs of a key may run at once, for the keys that have such a limit."""
        rows = await self._database.read(lambda connection: connection.execute(RUNNING_LIMITS).all())
        return {row.client_id: row.max_running for row in rows}

    async def waiting(self, pool: str | None) -> int:
        """Return how many jobs wait in a pool, or in all of them."""
        query = _WAITING if pool is None else _WAITING.where(jobs.c.pool == pool)
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def job(self, prompt_id: str) -> Job | None:
        """Return a job as it stands, with its workflow."""
        return await self._jobs.get(prompt_id)

    async def standing(self, prompt_id: str) -> Job | None:
        """Return a job as it stands."""

        def work(connection: Connection) -> Job | None:
            row = connection.execute(_GET, {"wanted": prompt_id}).one_or_none()
            return job_of(row) if row else None

        return await self._database.read(work)

    async def position(self, prompt_id: str) -> int | None:
        """Return how many jobs of the pool stand before this one, by priority and then by age; None when it does not wait."""

        def work(connection: Connection) -> int | None:
            it = connection.execute(_PLACE, {"wanted": prompt_id}).one_or_none()
            return None if it is None else connection.execute(_BEFORE, dict(it._mapping)).scalar_one()

        return await self._database.read(work)


_QUEUED = select(jobs.c.prompt_id, jobs.c.pool, jobs.c.attempt, jobs.c.queued_at).where(QUEUED)
_RUNNING = select(*JOB_COLUMNS).where(RUNNING)
_ENDED = select(*JOB_COLUMNS).where(jobs.c.finished_at >= bindparam("since"))
_RENEW_ALL = update(jobs).where(RUNNING).values(lease_expires_at=bindparam("new_expiry"))
_WAITING = select(func.count()).select_from(jobs).where(QUEUED)
_PLACE = select(
    jobs.c.pool.label("at_pool"), jobs.c.priority.label("at_priority"), jobs.c.queued_at.label("at_time"), jobs.c.number.label("at_number")
).where(jobs.c.prompt_id == bindparam("wanted"), QUEUED)
_BEFORE = (
    select(func.count())
    .select_from(jobs)
    .where(
        QUEUED,
        jobs.c.pool == bindparam("at_pool"),
        (jobs.c.priority < bindparam("at_priority"))
        | (jobs.c.priority == bindparam("at_priority"))
        & (
            (jobs.c.queued_at < bindparam("at_time"))
            | (jobs.c.queued_at == bindparam("at_time")) & (jobs.c.number < bindparam("at_number"))
        ),
    )
)


def _give_back(
    connection: Connection, prompt_id: str, attempt: int, error: JobError, *, now: float, run_after: float, counts: bool, attempts: int
) -> Job:
    mine = {"wanted": prompt_id, "wanted_attempt": attempt}
    failures = connection.execute(_FAILURES, mine).scalar_one_or_none()
    if failures is None:
        raise _stale(prompt_id, attempt)
    failures += int(counts)
    failed = counts and failures >= attempts
    values = {
        **mine,
        "new_status": (JobStatus.FAILED if failed else JobStatus.QUEUED).value,
        "new_failures": failures,
        "new_run_after": run_after,
        "new_error": error.as_dict() if failed else None,
        "new_finished_at": now if failed else None,
    }
    return job_of(connection.execute(_GIVE_BACK, values).one())


def _stand_of(job: Job) -> Stand:
    return job.prompt_id, job.attempt, job.status


def _all_stand(connection: Connection, stands: Sequence[Stand]) -> bool:
    query = select(jobs.c.attempt, jobs.c.status)
    found = [connection.execute(query.where(jobs.c.prompt_id == prompt_id)).one_or_none() for prompt_id, _, _ in stands]
    return [row and tuple(row) for row in found] == [(attempt, status.value) for _, attempt, status in stands]


def _stale(prompt_id: str, attempt: int) -> StaleLease:
    return StaleLease(f"Attempt {attempt} of job {prompt_id} is no longer its running one.", details={"attempt": attempt})
