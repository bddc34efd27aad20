"""Which workers are there: each says so again and again, and is forgotten some time after the last time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from viewcomfy.engine.base import WorkerInfo

TTL = 15.0
"""Seconds after which a silent worker is forgotten."""


class Presence:
    """The workers that were heard of in the last seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, WorkerInfo] = {}

    def note(self, info: WorkerInfo) -> None:
        """Note that a worker is there now."""
        self._seen[info.name] = replace(info, seen_at=self._clock())

    def workers(self, pool: str | None = None) -> list[WorkerInfo]:
        """Return the workers that are there, by name."""
        oldest = self._clock() - TTL
        self._seen = {name: info for name, info in self._seen.items() if info.seen_at > oldest}
        return sorted((info for info in self._seen.values() if pool in (None, info.pool)), key=lambda info: info.name)
