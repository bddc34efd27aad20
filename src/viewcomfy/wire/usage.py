"""Usage over HTTP."""

from __future__ import annotations

from pydantic import BaseModel


class PercentilesOut(BaseModel):
    """Seconds that half, 95 and 99 of a hundred jobs took at most."""

    p50: float
    p95: float
    p99: float


class FiguresOut(BaseModel):
    """What some jobs come to. Those that have not ended count in `jobs` only; a time is null where no job has it.

    `gpu_seconds` is the time that ComfyUI took. `queue` is from accepted to claimed, `cold_start` the wait for a ComfyUI that had to
    be started, `run` what ComfyUI took and `total` from accepted to finished; the last two are of jobs that succeeded.
    """

    jobs: int
    succeeded: int
    failed: int
    canceled: int
    gpu_seconds: float
    cold_starts: int
    queue: PercentilesOut | None
    cold_start: PercentilesOut | None
    run: PercentilesOut | None
    total: PercentilesOut | None


class GroupOut(FiguresOut):
    """The figures of one deployment or key."""

    group: str


class BucketOut(GroupOut):
    """The figures of one group in the hour or day that begins at `at` (Unix seconds); without groups, `group` is empty."""

    at: float


class ErrorCountOut(BaseModel):
    """How many jobs failed with an error code."""

    code: str
    jobs: int


class UsageOut(BaseModel):
    """What the jobs that were accepted from `since` to `until` come to: in all, over time, by group, and why they failed.

    Buckets count from `since`, each `bucket_seconds` long; those without jobs are left out.
    """

    since: float
    until: float
    bucket_seconds: int
    all: FiguresOut
    buckets: list[BucketOut]
    groups: list[GroupOut]
    errors: list[ErrorCountOut]
