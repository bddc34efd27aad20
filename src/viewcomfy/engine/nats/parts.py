"""Parts: messages that are longer than NATS takes go in several."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from viewcomfy.core.errors import ServerUnavailable, TooLarge

HEADER = "Viewcomfy-Part"
ROOM = 4096
"""Bytes of a message that are left to its headers and subject."""
KEPT_SECONDS = 60.0
KEPT_BYTES = 128 << 20
MAX_PARTS = 256


def split(data: bytes, max_payload: int) -> list[bytes]:
    """Return a message in parts that NATS takes; raise TooLarge for one of too many."""
    size = max_payload - ROOM
    if len(data) > size * MAX_PARTS:
        raise TooLarge(f"A message of {len(data)} bytes is more than goes over NATS.", hint="Raise NATS's max_payload.")
    return [data[start : start + size] for start in range(0, len(data), size)] or [b""]


def new_id() -> str:
    """Return a name for a message that goes in parts."""
    return secrets.token_hex(8)


def header(name: str, index: int, count: int) -> dict[str, str]:
    """Return the header of a part."""
    return {HEADER: f"{name}/{index}/{count}"}


def read_header(headers: dict[str, str] | None) -> tuple[str, int, int] | None:
    """Return name, index and count of a part; None for a message that is whole. Raises ServerUnavailable for nonsense."""
    text = (headers or {}).get(HEADER)
    if text is None:
        return None
    name, _, numbers = text.partition("/")
    index, _, count = numbers.partition("/")
    if not (index.isdigit() and count.isdigit() and int(index) < int(count) <= MAX_PARTS):
        raise ServerUnavailable("A part of a message over NATS can't be read.")
    return name, int(index), int(count)


class Parts:
    """Keeps the parts of messages that are under way, the newest of them, for a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[int, bytes]]] = {}

    def put(self, name: str, index: int, data: bytes) -> None:
        """Keep a part."""
        _, parts = self._kept.pop(name, (0.0, {}))
        parts[index] = data
        self._kept[name] = self._clock(), parts
        self._make_room()

    def get(self, name: str, index: int) -> bytes:
        """Return a part; raise ServerUnavailable when it is not there any more."""
        try:
            return self._kept[name][1][index]
        except KeyError as fault:
            raise ServerUnavailable("A part of a message over NATS is lost.", retry_after=1.0) from fault

    def whole(self, name: str, count: int) -> bytes:
        """Return the whole message and forget it; raise ServerUnavailable when a part is missing."""
        data = b"".join(self.get(name, index) for index in range(count))
        del self._kept[name]
        return data

    def _make_room(self) -> None:
        size = sum(len(part) for _, parts in self._kept.values() for part in parts.values())
        while self._kept:
            name, (at, parts) = next(iter(self._kept.items()))
            if at > self._clock() - KEPT_SECONDS and size <= KEPT_BYTES:
                return
            size -= sum(map(len, parts.values()))
            del self._kept[name]
