"""A job is one accepted request to run a workflow; its only id is `prompt_id`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from viewcomfy.core.outputs import Output


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing can happen to the job any more."""
        return not TRANSITIONS[self]


TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    # a queued job fails without running when its attempts are used up, or when no backend can be had for it
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.CANCELED, JobStatus.FAILED}),
    # back to queued: the worker or its backend was lost and attempts are left
    JobStatus.RUNNING: frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED, JobStatus.QUEUED}),
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELED: frozenset(),
}


def may_become(now: JobStatus, then: JobStatus) -> bool:
    """Tell whether a job may go from one status to the other."""
    return then in TRANSITIONS[now]


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: a code of the error tree, a sentence, and facts such as the node."""

    code: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON shape that events, rows and answers share."""
        return {"code": self.code, "message": self.message, **({"details": dict(self.details)} if self.details else {})}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file sent in for one input.

    `file_key` says where its bytes lie in files; `filename` is the name that ComfyUI gets to see: safe, and the job's own.
    """

    node_id: str
    input_name: str
    filename: str
    content_type: str
    size: int
    file_key: str


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted request. Times are Unix seconds; `workflow` is the graph as it will be executed.

    `cold_start` is how many seconds it waited for a ComfyUI that had to be started; None where one was running. `trace` is the W3C
    traceparent of the request that it came with, empty where nobody traces.
    """

    prompt_id: str
    deployment: str
    version: int
    key_id: str
    workflow: Mapping[str, Any]
    created_at: float
    uploads: tuple[Upload, ...] = ()
    status: JobStatus = JobStatus.QUEUED
    pool: str = "default"
    priority: int = 1
    affinity: str = ""
    attempt: int = 0
    time_limit: float = 0.0
    worker: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    execution_time: float | None = None
    cold_start: float | None = None
    outputs: tuple[Output, ...] = ()
    error: JobError | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an attempt made: the final status, the outputs (already safe in files) and the seconds that ComfyUI took.

    `cold_start` is how many seconds passed before ComfyUI was up, where it had to be started.
    """

    status: JobStatus
    outputs: tuple[Output, ...] = ()
    error: JobError | None = None
    execution_time: float = 0.0
    cold_start: float | None = None
