"""Rows to dataclasses and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, func
from sqlalchemy.sql.elements import ColumnElement

from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest, Upload
from viewcomfy.core.keys import VISITOR_MARK
from viewcomfy.core.outputs import Output
from viewcomfy.store.tables import jobs

# everything of a job but its workflow, in the order of job_of()
JOB_COLUMNS = tuple(
    jobs.c[name]
    for name in (
        "prompt_id", "deployment", "version", "key_id", "created_at", "uploads", "status", "pool", "priority", "affinity", "attempt",
        "time_limit", "worker", "started_at", "finished_at", "execution_time", "cold_start", "outputs", "error", "trace",
    )
)  # fmt: skip
# what row_of() sets
NEW_COLUMNS = tuple(column.name for column in jobs.c if column.name not in ("number", "lease_expires_at", "files_removed_at"))
ERROR_CODE_LENGTH = 80
"""How much of an error's text `error_code_of` needs."""
AnyRow = Row[*tuple[Any, ...]]

_UPLOAD = tuple(field.name for field in fields(Upload))
_OUTPUT = tuple(field.name for field in fields(Output))


def job_of(row: AnyRow, workflow: Mapping[str, Any] | None = None) -> Job:
    """Return the job of a row that begins with JOB_COLUMNS; without its workflow that field is empty."""
    (
        prompt_id, deployment, version, key_id, created_at, uploads, status, pool, priority, affinity, attempt,
        time_limit, worker, started_at, finished_at, execution_time, cold_start, outputs, error, trace,
    ) = row[:20]  # fmt: skip
    return Job(
        prompt_id, deployment, version, key_id, workflow or {}, created_at,
        uploads=tuple(Upload(**upload) for upload in uploads),
        status=JobStatus(status), pool=pool, priority=priority, affinity=affinity, attempt=attempt, time_limit=time_limit,
        worker=worker, started_at=started_at, finished_at=finished_at, execution_time=execution_time, cold_start=cold_start,
        outputs=tuple(Output(**output) for output in outputs),
        error=error_of(error), trace=trace,
    )  # fmt: skip


def row_of(job: Job) -> dict[str, Any]:
    """Return the columns of a job that is new."""
    return {
        "prompt_id": job.prompt_id, "deployment": job.deployment, "version": job.version, "key_id": job.key_id,
        "status": job.status.value, "pool": job.pool, "priority": job.priority, "affinity": job.affinity,
        "lane": lane_text(job.priority, job.key_id, job.affinity), "attempt": job.attempt, "failures": 0,
        "created_at": job.created_at, "queued_at": job.created_at, "run_after": 0.0, "started_at": job.started_at,
        "finished_at": job.finished_at, "time_limit": job.time_limit, "execution_time": job.execution_time, "cold_start": job.cold_start,
        "worker": job.worker, "trace": job.trace,
        "bytes": total_bytes(job.uploads) + total_bytes(job.outputs),
        "uploads": [_plain(upload, _UPLOAD) for upload in job.uploads],
        "outputs": [_plain(output, _OUTPUT) for output in job.outputs],
        "error": job.error.as_dict() if job.error else None,
    }  # fmt: skip


def manifest_row(manifest: Manifest) -> dict[str, Any]:
    """Return the columns that the result of a job sets, as parameters prefixed with `new_`."""
    return {
        "new_status": manifest.status.value,
        "new_outputs": [_plain(output, _OUTPUT) for output in manifest.outputs],
        "new_error": manifest.error.as_dict() if manifest.error else None,
        "new_execution_time": manifest.execution_time,
        "new_cold_start": manifest.cold_start,
        "new_bytes": total_bytes(manifest.outputs),
    }


def lane_text(priority: int, key_id: str, affinity: str) -> str:
    """Return the text that jobs of one lane of a pool have in common."""
    return f"{priority}\n{key_id}\n{affinity}"


def error_of(value: Mapping[str, Any] | None) -> JobError | None:
    """Return the error that JobError.as_dict() made this of."""
    return JobError(value["code"], value["message"], value.get("details", {})) if value else None


def error_code_of(text: str) -> str:
    """Return the code of an error from the beginning of its column's text: JobError.as_dict() puts it first."""
    return text.split('"', 4)[3]


def of_key(key_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a job is filed under a key, or under a visitor of that share link."""
    prefix = key_id + VISITOR_MARK
    return (jobs.c.key_id == key_id) | (func.substr(jobs.c.key_id, 1, func.length(prefix)) == prefix)


def total_bytes(files: Iterable[Upload | Output]) -> int:
    """Return how large the files are together."""
    return sum(file.size for file in files)


def _plain(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}
