"""Jobs over HTTP."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from viewcomfy.core.jobs import JobStatus


class OutputOut(BaseModel):
    """A file that a job made; `url` is a signed link that works without headers until `expires_at` (Unix seconds)."""

    filename: str
    content_type: str
    size: int
    url: str
    expires_at: float
    node_id: str


class JobErrorOut(BaseModel):
    """Why a job failed."""

    code: str
    message: str
    details: dict[str, Any] = {}


class JobOut(BaseModel):
    """A job. Times are Unix seconds; `position` counts the jobs before it in the queue."""

    prompt_id: str
    deployment: str
    version: int
    status: JobStatus
    created_at: float
    started_at: float | None
    finished_at: float | None
    execution_time_seconds: float | None
    attempt: int
    key_id: str
    position: int | None = None
    error: JobErrorOut | None = None
    outputs: list[OutputOut] = []


class JobDetail(JobOut):
    """A job with the graph that was executed."""

    prompt: dict[str, Any]


class JobPage(BaseModel):
    """Jobs, newest first; `next_cursor` fetches the page after this one."""

    jobs: list[JobOut]
    next_cursor: str | None = None


class CancelOut(BaseModel):
    """The job's status after the cancel."""

    prompt_id: str
    status: JobStatus
