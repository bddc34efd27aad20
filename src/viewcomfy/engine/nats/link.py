"""What the parts of this engine need of a connection to NATS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nats.aio.client import Client


class Link(Protocol):
    """A connection and what belongs to it."""

    @property
    def client(self) -> Client:
        """Return the connection, which connects again by itself."""
        raise NotImplementedError

    @property
    def on_return(self) -> list[Callable[[], None]]:
        """Return the functions that are called when the connection has come back."""
        raise NotImplementedError

    @property
    def namespace(self) -> str:
        """Return what all subjects and streams of this engine begin with."""
        raise NotImplementedError

    @property
    def replicas(self) -> int:
        """Return how many servers keep each stream."""
        raise NotImplementedError
