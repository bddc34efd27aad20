"""Who of the waiting workers gets which job: decided from a snapshot, in one pure function."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from viewcomfy.core.scheduling import Lane, Shares, is_cold, order
from viewcomfy.engine.base import Claimer, Lease


@dataclass(eq=False, slots=True)
class Waiter:
    """A worker that waits for a job; `number` counts up with every one that comes."""

    claimer: Claimer
    number: int
    granted: asyncio.Future[Lease]


@dataclass(frozen=True, slots=True)
class Match:
    """The waiter to serve and the lane to serve it from."""

    waiter: Waiter
    lane: Lane


def match(waiters: Sequence[Waiter], lanes: Sequence[Lane], shares: Shares, now: float) -> Match | None:
    """Return who is served next: by rank, then who has the job's models loaded, then who waits longest; None when nobody can be."""
    best: tuple[tuple[int, bool, int], Match] | None = None
    for waiter in sorted(waiters, key=lambda waiter: (waiter.claimer.rank, waiter.number)):
        claimer = waiter.claimer
        if best is not None and claimer.rank > best[0][0]:
            break
        ripe = [lane for lane in lanes if lane.affinity not in claimer.unfit and now - lane.oldest >= claimer.patience]
        if not ripe:
            continue
        lane = order(ripe, shares, claimer.warm, now)[0]
        place = (claimer.rank, is_cold(lane.affinity, claimer.warm), waiter.number)
        if best is None or place < best[0]:
            best = place, Match(waiter, lane)
    return best[1] if best else None


def next_look(waiters: Sequence[Waiter], lanes: Sequence[Lane], now: float) -> float | None:
    """Return the Unix time at which the patience of one of the waiters is over, if it is not yet."""
    times = (lane.oldest + waiter.claimer.patience for waiter in waiters for lane in lanes)
    return min((time for time in times if time > now), default=None)


class Choice:
    """One round of giving out a job of a pool. `pick` may be called on another thread: it reads a snapshot and nothing else."""

    def __init__(self, waiters: Sequence[Waiter], shares: Shares, now: float) -> None:
        self._waiters = waiters
        self._shares = shares
        self._now = now
        self.match: Match | None = None
        self.more = False
        """Whether jobs of the pool can go now: when none was given out, it was for the patience of those who wait."""
        self.look_again_at: float | None = None

    def pick(self, lanes: Sequence[Lane]) -> tuple[Lane, str] | None:
        """Return the lane to take a job from and the worker that gets it."""
        self.more = bool(lanes)
        self.match = match(self._waiters, lanes, self._shares, self._now)
        if self.match is None:
            self.look_again_at = next_look(self._waiters, lanes, self._now)
            return None
        return self.match.lane, self.match.waiter.claimer.worker


class Queued:
    """The jobs that wait, by pool, so that counting them costs nothing."""

    def __init__(self) -> None:
        self._pools: dict[str, str] = {}
        self._lengths: Counter[str] = Counter()

    def add(self, prompt_id: str, pool: str) -> None:
        """Count a job in; once is enough."""
        if prompt_id not in self._pools:
            self._pools[prompt_id] = pool
            self._lengths[pool] += 1

    def discard(self, prompt_id: str) -> None:
        """Count a job out, if it was in."""
        pool = self._pools.pop(prompt_id, None)
        if pool is not None:
            self._lengths[pool] -= 1

    def __contains__(self, prompt_id: str) -> bool:
        return prompt_id in self._pools

    def length(self, pool: str | None) -> int:
        """Return how many jobs wait in a pool, or in all of them."""
        return len(self._pools) if pool is None else self._lengths[pool]
