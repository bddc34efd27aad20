"""Jobs over HTTP."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from viewcomfy.core.jobs import JobStatus


class OutputOut(BaseModel):
    """A file that a job made; `url` is a signed link that works without headers until `expires_at` (Unix seconds)."""

    filename: str
    content_type: str
    size: int
    url: str
    expires_at: float
    node_id: str


class UploadOut(BaseModel):
    """A file that was sent in for an input; `url` is a signed link as an output's is."""

    input: str
    filename: str
    content_type: str
    size: int
    url: str
    expires_at: float


class JobErrorOut(BaseModel):
    """Why a job failed."""

    code: str
    message: str
    details: dict[str, Any] = {}


class JobOut(BaseModel):
    """A job. Times are Unix seconds; `position` counts the jobs before it in the queue.

    `cold_start_seconds` is how long it waited for a ComfyUI that had to be started; null where one was running.
    """

    # a client may be newer than its server; whoever reads the answer of this one can count on every field
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    prompt_id: str
    deployment: str
    version: int
    status: JobStatus
    created_at: float
    started_at: float | None
    finished_at: float | None
    execution_time_seconds: float | None
    cold_start_seconds: float | None = None
    attempt: int
    worker: str | None = None
    key_id: str
    position: int | None = None
    error: JobErrorOut | None = None
    outputs: list[OutputOut] = []


class JobDetail(JobOut):
    """A job with the graph that was executed, the values of its deployment's inputs in it, and the files that were sent in.

    The holder of a share link does not get to see the graph: `prompt` is empty then.
    """

    prompt: dict[str, Any]
    inputs: dict[str, Any] = {}
    uploads: list[UploadOut] = []


class JobPage(BaseModel):
    """Jobs, newest first; `next_cursor` fetches the page after this one."""

    jobs: list[JobOut]
    next_cursor: str | None = None


class CancelOut(BaseModel):
    """The job's status after the cancel."""

    prompt_id: str
    status: JobStatus
