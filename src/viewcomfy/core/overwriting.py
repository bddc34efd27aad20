"""Overwriting puts other bytes into a file while it is read; the file keeps its length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Overwrite:
    """From the byte at `start` on come `data`, and then so many `zeros`."""

    start: int
    data: bytes = b""
    zeros: int = 0

    @property
    def end(self) -> int:
        """Where the file's own bytes go on."""
        return self.start + len(self.data) + self.zeros


class Overwriter:
    """Takes in a file piece by piece and gives it out with what is to be overwritten; of two that overlap the later wins."""

    def __init__(self, overwrites: Iterable[Overwrite]) -> None:
        self._overwrites = sorted(overwrites, key=lambda one: one.start)
        self._place = 0

    def feed(self, data: bytes) -> bytes:
        """Return the next piece, as long as it came."""
        begin, end = self._place, self._place + len(data)
        self._place = end
        touched = [one for one in self._overwrites if one.start < end and one.end > begin]
        if not touched:
            return data
        out = bytearray(data)
        for one in touched:
            first, last = max(one.start, begin), min(one.end, end)
            given = one.data[first - one.start : last - one.start]
            out[first - begin : last - begin] = given.ljust(last - first, b"\0")
        return bytes(out)
