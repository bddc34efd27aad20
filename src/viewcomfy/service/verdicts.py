"""Verdicts are what is known of which backends fit which jobs, at hand for whoever gives out jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection

from viewcomfy.core.needs import has_memory
from viewcomfy.core.scheduling import environment_of, memory_of, serves
from viewcomfy.engine.base import Claimer

Pair = tuple[str, str]
"""A pool and an affinity."""

RECENT_SECONDS = 15.0
"""How long a refusal counts: whoever waits is looked at again every few seconds."""
KEPT = 20_000


class Verdicts:
    """Remembers, and asks for what it does not know by `asked`. `fits` may be called from any thread and never waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.asked = asyncio.Event()
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._known: dict[tuple[str, str], bool] = {}
        self._questions: dict[tuple[str, str], None] = {}
        self._refused: dict[Pair, float] = {}
        self._opened: frozenset[Pair] = frozenset()
        self._homeless: frozenset[Pair] = frozenset()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop in which `asked` is waited for."""
        self._loop = loop

    def fits(self, claimer: Claimer, affinity: str) -> bool:
        """Tell whether a claimer's backend has what such jobs need; True where that is not known."""
        if self._may_fit(claimer, affinity):
            return True
        pair = (claimer.pool, affinity)
        self._refused[pair] = self._clock()
        return pair in self._opened and (_suits(claimer, affinity) or (pair in self._homeless and not claimer.aside))

    def take(self) -> list[tuple[str, str]]:
        """Return what was asked since the last time: revisions of catalogs and affinities."""
        self.asked.clear()
        taken, self._questions = self._questions, {}
        return list(taken)

    def give(self, revision: str, affinity: str, *, fits: bool) -> None:
        """Answer whether a backend with this catalog fits such jobs."""
        if len(self._known) >= KEPT:
            self._known.clear()  # what is still needed is asked again
        self._known[revision, affinity] = fits

    def refused(self, now: float) -> list[Pair]:
        """Return the pools and affinities for which some backend was refused a job lately."""
        self._refused = {pair: at for pair, at in dict(self._refused).items() if now - at < RECENT_SECONDS}
        return list(self._refused)

    def open(self, pairs: Collection[Pair], homeless: Collection[Pair] = ()) -> None:
        """Let any backend of the pools try such jobs; of all others, only those that fit.

        Jobs that name an environment are tried where it is, but for `homeless` ones: it is nowhere, and somebody has to say so.
        """
        self._opened, self._homeless = frozenset(pairs), frozenset(homeless)

    def _may_fit(self, claimer: Claimer, affinity: str) -> bool:
        if not _suits(claimer, affinity) or not has_memory(claimer.memory, memory_of(affinity)):
            return False
        if claimer.catalog is None or not affinity:
            return True
        known = self._known.get((claimer.catalog, affinity))
        if known is None:
            self._ask(claimer.catalog, affinity)
        return known is not False

    def _ask(self, revision: str, affinity: str) -> None:
        if (revision, affinity) not in self._questions and len(self._questions) < KEPT:
            self._questions[revision, affinity] = None
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self.asked.set)


def _suits(claimer: Claimer, affinity: str) -> bool:
    return serves(environment_of(affinity), claimer.environment, aside=claimer.aside)
