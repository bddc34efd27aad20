"""Who of the waiting workers gets which job: decided from a snapshot, in one pure function."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import exp
from typing import TypeVar

from viewcomfy.core.scheduling import MEMORY, Kind, Lane, Ranking, Shares, environment_of, is_cold, serves
from viewcomfy.engine.base import Claimer, Lease

K = TypeVar("K")
V = TypeVar("V")

Fits = Callable[[Claimer, str], bool]
"""Tells whether a claimer's backend has what jobs of an affinity need; True where that is not known. It must not wait."""

Profile = tuple[frozenset[str], float, str | None, float, str, bool]
"""What decides which lanes are ripe for a claimer."""

NOTHING = 0.05
"""So little of a job is none any more."""

KEPT = 5_000
"""How many kinds of jobs a ledger remembers."""


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


def fits_all(claimer: Claimer, affinity: str) -> bool:
    """Fits for where nothing is known of backends but what they say themselves: their environments."""
    return serves(environment_of(affinity), claimer.environment, aside=claimer.aside)


def match(waiters: Sequence[Waiter], ranking: Ranking, now: float, fits: Fits = fits_all) -> Match | None:
    """Return who is served next: by rank, then who has the job's models loaded, then who waits longest; None when nobody can be."""
    best: tuple[tuple[int, bool, int], Match] | None = None
    idle: set[Profile] = set()  # nothing is there for whoever is like these
    for waiter in _first_of_each(waiters):
        claimer = waiter.claimer
        if best is not None and (claimer.rank > best[0][0] or not best[0][1]):
            break
        profile = _profile(claimer)
        lane = None if profile in idle else ranking.best(claimer.warm, partial(_is_ripe, claimer, now, fits))
        if lane is None:
            idle.add(profile)
            continue
        place = (claimer.rank, is_cold(lane.affinity, claimer.warm), waiter.number)
        if best is None or place < best[0]:
            best = place, Match(waiter, lane)
    return best[1] if best else None


def next_look(waiters: Sequence[Waiter], lanes: Sequence[Lane], now: float) -> float | None:
    """Return the Unix time at which the patience of one of the waiters is over, if it is not yet."""
    patiences = {waiter.claimer.patience for waiter in waiters} - {0.0}
    times = (lane.oldest + patience for patience in patiences for lane in lanes)
    return min((time for time in times if time > now), default=None)


class Choice:
    """One round of giving out a job of a pool. `pick` may be called on another thread: it reads a snapshot and nothing else."""

    def __init__(self, waiters: Sequence[Waiter], shares: Shares, now: float, fits: Fits = fits_all) -> None:
        self._waiters = waiters
        self._shares = shares
        self._now = now
        self._fits = fits
        self.match: Match | None = None
        self.more = False
        """Whether jobs of the pool can go now. When none was given out, it was for the patience of those who wait, for what they lack,
        or for a limit."""
        self.held_back = False
        """Whether there are jobs that wait for nothing but a running one of their key to end: look again when one has."""
        self.look_again_at: float | None = None

    def pick(self, lanes: Sequence[Lane]) -> tuple[Lane, str] | None:
        """Return the lane to take a job from and the worker that gets it."""
        ranking = Ranking(lanes, self._shares, self._now)
        self.more = bool(lanes)
        self.held_back = ranking.held_back
        self.match = match(self._waiters, ranking, self._now, self._fits)
        if self.match is None:
            self.look_again_at = next_look(self._waiters, lanes, self._now)
            return None
        return self.match.lane, self.match.waiter.claimer.worker


class Ledger:
    """When which key, and which kind of its jobs, was last given one. It may start empty: it evens out within minutes."""

    def __init__(self) -> None:
        self._served: dict[str, float] = {}
        self._passed: dict[Kind, float] = {}
        self._recent: dict[str, tuple[float, float]] = {}
        self._last = 0.0

    def gave(self, lane: Lane, now: float) -> None:
        """Note that a job of a lane was given out."""
        self._last = now = max(now, self._last + 1e-6)  # so that no two are alike
        _note(self._served, lane.key_id, now)
        _note(self._passed, lane.kind, now)
        _note(self._recent, lane.key_id, (_faded(self._recent.get(lane.key_id), now) + 1.0, now))

    def shares(self, running: Mapping[str, int], limits: Mapping[str, int], now: float) -> Shares:
        """Return what the policy is to know: `running` and `limits` are numbers of jobs by key. It stays as it is."""
        recent = {key_id: faded for key_id, what in self._recent.items() if (faded := _faded(what, now)) > NOTHING}
        return Shares(dict(running), dict(self._served), limits, dict(self._passed), recent)


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


def _faded(what: tuple[float, float] | None, now: float) -> float:
    """Return what is left of a number of jobs that was right at a time."""
    return what[0] * exp((what[1] - now) / MEMORY) if what else 0.0


def _note(book: dict[K, V], key: K, value: V) -> None:
    """Write something down, at the end of the book; the oldest goes when it is full."""
    book.pop(key, None)
    book[key] = value
    if len(book) > KEPT:
        del book[next(iter(book))]


def _first_of_each(waiters: Iterable[Waiter]) -> list[Waiter]:
    """Return the waiters by rank and age, of those that are alike to every job only the first."""
    found: dict[tuple[int, frozenset[str], Profile], Waiter] = {}
    for waiter in sorted(waiters, key=lambda waiter: (waiter.claimer.rank, waiter.number)):
        found.setdefault((waiter.claimer.rank, waiter.claimer.warm, _profile(waiter.claimer)), waiter)
    return list(found.values())


def _profile(claimer: Claimer) -> Profile:
    return claimer.unfit, claimer.patience, claimer.catalog, claimer.memory, claimer.environment, claimer.aside


def _is_ripe(claimer: Claimer, now: float, fits: Fits, lane: Lane) -> bool:
    return lane.affinity not in claimer.unfit and now - lane.oldest >= claimer.patience and fits(claimer, lane.affinity)
