"""Fitness is which jobs a ComfyUI has turned out to lack the nodes or models for, so that they go to another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable

FORGET_SECONDS = 60.0
"""After so long a ComfyUI is tried again: it may have got what it lacked."""


class Fitness:
    """What the backends of a worker lack.

    `origins` tells where the backends come from that may run jobs of an affinity at all: those of one installation are alike.
    """

    def __init__(self, origins: Callable[[str], Collection[Hashable]], clock: Callable[[], float] = time.monotonic) -> None:
        self._origins = origins
        self._clock = clock
        self._lacking: dict[tuple[Hashable, str], float] = {}

    def note(self, origin: Hashable, affinity: str) -> None:
        """Note that a backend could not run a job for want of a node class or a model."""
        self._lacking[origin, affinity] = self._clock() + FORGET_SECONDS

    def forget(self, origin: Hashable) -> None:
        """Forget what a backend lacked: it has been changed."""
        self._lacking = {place: until for place, until in self._lacking.items() if place[0] != origin}

    def unfit(self, origin: Hashable) -> frozenset[str]:
        """Return the affinities of the jobs that a backend had better leave to another one."""
        now = self._clock()
        self._lacking = {place: until for place, until in self._lacking.items() if until > now}
        return frozenset(affinity for other, affinity in self._lacking if other == origin and self.fits_elsewhere(origin, affinity))

    def fits_elsewhere(self, origin: Hashable, affinity: str) -> bool:
        """Tell whether a backend of another origin may have what this one lacks; a job without an affinity can't be told from others."""
        return bool(affinity) and any((other, affinity) not in self._lacking for other in {*self._origins(affinity)} - {origin})
