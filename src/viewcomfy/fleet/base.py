"""What a fleet is made of: a provider that starts workers, and the server that says how many are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from viewcomfy.core.backends import BackendAction
from viewcomfy.wire.scale import ScaleOut
from viewcomfy.wire.workers import BackendOut, WorkersOut

INSTANCE = "VIEWCOMFY_INSTANCE"
"""The variable by which a worker learns what its provider calls it; it tells that to the server with its other facts."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A worker's process that a provider has started and that has not ended. `started_at` is Unix time; `where` is for people.

    `stopping`: it was asked to end.
    """

    id: str
    started_at: float
    where: str = ""
    stopping: bool = False


class Provider(Protocol):
    """Starts workers, finds those again that it has started before, and asks them to end. It may be another process than last time."""

    async def instances(self) -> list[Instance]:
        """Return what was started and has not ended, the oldest first. Raises ServerUnavailable where that can't be found out."""
        raise NotImplementedError

    async def start(self, count: int) -> list[str]:
        """Start so many more and return their ids; where there is no room yet, they may wait for it. Raises ServerUnavailable."""
        raise NotImplementedError

    async def stop(self, instances: Sequence[Instance]) -> None:
        """Ask these to end. A job that one runs gets the worker's own time to end (VIEWCOMFY_SHUTDOWN_GRACE); nothing is killed."""


class Desk(Protocol):
    """What a fleet asks of a server; `viewcomfy.AsyncClient` is one."""

    async def scale(
        self,
        pool: str = "default",
        *,
        minimum: int | None = None,
        maximum: int | None = None,
        backends: int | None = None,
        wait: float | None = None,
        idle: float | None = None,
        boot: float | None = None,
    ) -> ScaleOut:
        """Return how many workers a pool wants."""
        raise NotImplementedError

    async def workers(self) -> WorkersOut:
        """Return the workers that are there."""
        raise NotImplementedError

    async def order_backend(self, worker: str, backend: str, action: BackendAction | str) -> BackendOut:
        """Give a backend an order."""
        raise NotImplementedError
