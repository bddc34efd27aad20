"""A canary is a version that only a percentage of the callers get, until it has shown that it is good."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

CONFIDENCE = 1.96
"""Standard errors either side of a rate: 95 of 100 such intervals hold the true one."""


def choose(current: int, canary: int | None, percent: float, token: str) -> int:
    """Return the version that this token gets: the canary for `percent` (0 to 100) of all tokens, else the current one.

    The same token always gets the same answer, and whoever had the canary keeps it when `percent` grows. With a key's id
    as the token a caller stays on one version, with a job's prompt_id every job is a draw of its own. Each canary has
    other tokens go first.
    """
    if canary is None:
        return current
    return canary if _place(f"{canary}:{token}") < percent else current


def _place(text: str) -> float:
    """Return where a text falls, evenly spread over 0 to 100 (excluded)."""
    digest = hashlib.sha256(text.encode(errors="replace")).digest()
    return (int.from_bytes(digest[:6], "big") / 2**48) * 100  # 48 bits: exact as a float, so never 100 itself


@dataclass(frozen=True, slots=True)
class Tally:
    """How the jobs of one version ended."""

    succeeded: int
    failed: int

    @property
    def failure_rate(self) -> float:
        """Return the share that failed, 0 to 1; 0 where nothing ended yet."""
        return self.failed / (self.succeeded + self.failed) if self.failed else 0.0

    def likely_range(self) -> tuple[float, float]:
        """Return between which rates the true failure rate lies, 95 % sure (Wilson's score interval)."""
        count = self.succeeded + self.failed
        if not count:
            return 0.0, 1.0
        square = CONFIDENCE**2
        centre = (self.failed + square / 2) / (count + square)
        reach = CONFIDENCE / (count + square) * math.sqrt(self.failed * self.succeeded / count + square / 4)
        return max(0.0, centre - reach), min(1.0, centre + reach)


def fails_more(current: Tally, canary: Tally) -> bool:
    """Tell whether the canary fails more often than can be chance; False also where too few jobs have ended to say."""
    return canary.likely_range()[0] > current.likely_range()[1]
