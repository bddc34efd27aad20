"""Scaling: how many workers a pool wants, from what waits, what runs and what is there; a pure function that carries its memory along."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from viewcomfy.core.keys import VISITOR_MARK

SLOTS = 12
"""Into so many parts the time is cut that a need is remembered for: so many numbers are enough to remember it, and few writes."""


@dataclass(frozen=True, slots=True)
class Load:
    """How a pool stands.

    `waiting` jobs could start if there were backends for them; the first has waited `oldest_wait` seconds. `busy` workers run jobs,
    those that drain included; `idle` ones run none and would take some. Of the backends of busy workers that take more jobs,
    `working` run some and `spare` none. A job takes `job_seconds` (None: nobody knows yet), a new worker `cold_start` seconds until
    it runs its first.
    """

    waiting: int = 0
    oldest_wait: float = 0.0
    busy: int = 0
    idle: int = 0
    working: int = 0
    spare: int = 0
    job_seconds: float | None = None
    cold_start: float = 0.0

    @property
    def there(self) -> int:
        """Return how many workers there are to keep."""
        return self.busy + self.idle


@dataclass(frozen=True, slots=True)
class Limits:
    """What is wished: at least and at most so many workers of so many backends each, that jobs wait for `wait` seconds at most, and that
    a worker goes when it has not been needed for `idle` seconds."""

    minimum: int = 0
    maximum: int = 100
    backends: int = 1
    wait: float = 30.0
    idle: float = 300.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What was needed of late: Unix times and numbers of workers, the newest last; each number is lower than those before it."""

    peaks: tuple[tuple[float, int], ...] = ()

    @property
    def highest(self) -> int:
        """Return the most workers that were needed."""
        return self.peaks[0][1] if self.peaks else 0

    def noting(self, needed: int, now: float, seconds: float) -> Memory:
        """Return the memory with what is needed now, and without what is longer ago than so many seconds."""
        if seconds < 1.0:
            return Memory()
        slot = seconds / SLOTS
        # a peak counts as of the beginning of its slot; one from the future was noted by a server whose clock is ahead
        kept = [(at, number) for at, number in self.peaks if now - seconds - slot < at <= now + seconds and number > needed]
        return Memory((*kept, (now // slot * slot, needed)) if needed else tuple(kept))


@dataclass(frozen=True, slots=True)
class Decision:
    """How many workers are wanted and why, in a sentence, with what must be remembered for the next time."""

    wanted: int
    why: str
    memory: Memory


def decide(load: Load, limits: Limits, memory: Memory, now: float) -> Decision:
    """Return how many workers a pool wants in all, those that are there included.

    Upwards it follows the need at once. Downwards it waits: what was needed within the last `idle` seconds is kept, but only what is
    there, so that a worker which has gone by itself is not replaced. Never fewer than those that run jobs.
    """
    needed = _needed(load, limits)
    memory = memory.noting(needed, now, limits.idle)
    kept = min(memory.highest, load.there)
    wanted = max(load.busy, min(max(needed, kept, limits.minimum), limits.maximum))
    return Decision(wanted, _why(load, limits, needed, wanted), memory)


def startable(waiting: Mapping[str, int], running: Mapping[str, int], max_running: Mapping[str, int]) -> int:
    """Return how many of the waiting jobs their keys' limits let start now, were there backends enough.

    Jobs are counted by `key_id`, limits by client_id: the visitors of a share link have one limit together.
    """
    owners: Counter[str] = Counter()
    under_way: Counter[str] = Counter()
    for counts, totals in ((waiting, owners), (running, under_way)):
        for key_id, number in counts.items():
            totals[key_id.partition(VISITOR_MARK)[0]] += number
    return sum(
        min(number, max(0, max_running[owner] - under_way[owner])) if owner in max_running else number for owner, number in owners.items()
    )


def _needed(load: Load, limits: Limits) -> int:
    """Return the fewest workers with which every waiting job starts in time, the busy ones included.

    In time is within `wait` seconds; or as soon as a new worker could start it, because starting one would help none of those that
    wait. That is borne the less, the longer the first job has waited: when more and more come, waiting for it would be too late.
    """
    horizon = max(limits.wait, load.cold_start - load.oldest_wait)
    rest = load.waiting - load.working * _turns(horizon, load) - load.spare * (1 + _turns(horizon, load))
    if rest <= 0:
        return load.busy
    each = limits.backends * (1 + _turns(horizon, load))
    if rest <= load.idle * each:
        return load.busy + math.ceil(rest / each)
    rest -= load.idle * each
    return load.there + math.ceil(rest / (limits.backends * (1 + _turns(limits.wait, load))))


def _turns(seconds: float, load: Load) -> int:
    """Return how many jobs a backend gets through in that time; none where nobody knows how long they take."""
    return int(seconds / load.job_seconds) if load.job_seconds else 0


def _why(load: Load, limits: Limits, needed: int, wanted: int) -> str:
    """Say it in a sentence."""
    jobs, workers = _count(load.waiting, "job waits", "jobs wait"), _count(load.busy, "worker is busy", "workers are busy")
    facts = f"{jobs} and {workers}"
    if wanted < needed:
        return f"{facts}: {needed} would be needed, and {limits.maximum} is the most."
    if wanted > max(load.busy, needed) and wanted <= limits.minimum:
        return f"{facts}: {limits.minimum} is the least."
    if wanted > needed:
        return f"{facts}: the idle ones were needed within the last {limits.idle:g} s."
    if wanted > load.there:
        return f"{facts}: {wanted - load.there} more, to start the jobs within {limits.wait:g} s or as soon as a new worker can."
    if not load.waiting:
        return f"{facts}: {'as many as run jobs' if load.busy else 'nobody is needed'}."
    return f"{facts}: those that are there take the jobs in time."


def _count(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"
