"""The backlog is what is accepted and not done yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backlog:
    """The jobs of a deployment in a pool that wait or run; `oldest` is the Unix time since which one waits, None where none does."""

    pool: str
    deployment: str
    queued: int
    running: int
    oldest: float | None = None
