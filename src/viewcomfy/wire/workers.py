"""Workers and their backends over HTTP."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class WorkerOut(BaseModel):
    """A worker that is there, with its backends. `seen_at` is Unix time."""

    name: str
    pool: str
    seen_at: float
    backends: list[dict[str, Any]]
    facts: dict[str, Any]


class WorkersOut(BaseModel):
    """The workers that are there, and how many jobs wait for them."""

    workers: list[WorkerOut]
    queued: int
