"""How many workers a pool wants, over HTTP."""

from __future__ import annotations

from pydantic import BaseModel


class ScaleLimitsOut(BaseModel):
    """What was asked for: at least `min` and at most `max` workers of so many `backends` each; jobs wait for `wait` seconds at most, and a
    worker goes when it has not been needed for `idle` seconds."""

    min: int
    max: int
    backends: int
    wait: float
    idle: float


class ScaleOut(BaseModel):
    """How many workers are `wanted` in all, those that are there included, and `why`.

    `pending` jobs wait, the first for `oldest_wait` seconds; `held_back` of them may not start yet, because their key runs as many as it
    may. `workers` are those that are there to stay or run jobs, `idle` of them run none. A job takes `job_seconds` (null: no job has
    succeeded yet), a new worker `cold_start` seconds until it runs its first one; both as of late.
    """

    pool: str
    wanted: int
    pending: int
    held_back: int
    running: int
    workers: int
    idle: int
    oldest_wait: float
    job_seconds: float | None
    cold_start: float
    limits: ScaleLimitsOut
    why: str
