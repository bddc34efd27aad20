"""The last lines that one backend has printed, numbered, over its restarts."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

KEPT = 1000
MOST_CHARACTERS = 200_000
"""How much one answer holds at most, so that it goes through any engine; the rest comes with the next question."""


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A line; `number` counts up from 1, `at` is Unix time."""

    number: int
    at: float
    text: str


class LogTail:
    """Keeps the last KEPT lines."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lines: deque[NumberedLine] = deque(maxlen=KEPT)
        self._last = 0

    def add(self, lines: Iterable[str]) -> None:
        """Add lines that have come just now."""
        now = self._clock()
        for text in lines:
            self._last += 1
            self._lines.append(NumberedLine(self._last, now, text))

    def since(self, after: int) -> tuple[list[NumberedLine], int]:
        """Return the kept lines after the one with this number, the oldest first, and the number to ask with the next time.

        A number that was never given comes from the time before the worker's own restart: everything is new then.
        """
        if after > self._last:
            after = 0
        found: list[NumberedLine] = []
        room = MOST_CHARACTERS
        for line in itertools.dropwhile(lambda line: line.number <= after, self._lines):
            room -= len(line.text)
            if room < 0:
                break
            found.append(line)
        return found, found[-1].number if found else after
