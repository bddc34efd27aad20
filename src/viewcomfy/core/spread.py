"""A spread is how long many things took: percentiles of any number of times, in little memory and without sorting them."""

from __future__ import annotations

import math
from dataclasses import dataclass

STEPS = 512
"""How many times are told apart between one power of two and the next: 0.1 % off at most, and rounded to a millisecond."""
SHORTEST = 0.001
"""What is shorter, or negative because a clock was set back, counts as this; in seconds."""
PARTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Seconds that half, 95 and 99 of a hundred things took at most."""

    p50: float
    p95: float
    p99: float


class Spread:
    """Counts times by cells: `cell_of` says which one a time belongs to."""

    __slots__ = ("_cells",)

    def __init__(self) -> None:
        self._cells: dict[int, int] = {}

    def add(self, cell: int) -> None:
        """Count a time by its cell."""
        cells = self._cells
        cells[cell] = cells.get(cell, 0) + 1

    def percentiles(self) -> Percentiles | None:
        """Return the percentiles; None where nothing was counted."""
        if not self._cells:
            return None
        count = sum(self._cells.values())
        ranks = [math.ceil(count * part / 100) for part in PARTS]
        found: list[float] = []
        passed = 0
        for cell in sorted(self._cells):
            passed += self._cells[cell]
            while len(found) < len(ranks) and passed >= ranks[len(found)]:
                found.append(_seconds_of(cell))
        return Percentiles(*found)


def cell_of(seconds: float) -> int:
    """Return the number of the cell that a time belongs to."""
    fraction, exponent = math.frexp(max(seconds, SHORTEST))
    return exponent * STEPS + int((fraction * 2 - 1) * STEPS)


def _seconds_of(cell: int) -> float:
    """Return the time in the middle of a cell, to a millisecond."""
    exponent, step = divmod(cell, STEPS)
    return round(math.ldexp(0.5 + (step + 0.5) / 2 / STEPS, exponent), 3)
