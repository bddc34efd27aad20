"""Fitness is which jobs a ComfyUI has turned out to lack the nodes or models for, so that they go to another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence

FORGET_SECONDS = 60.0
"""After so long a ComfyUI is tried again: it may have got what it lacked."""


class Fitness:
    """What the backends of a worker lack. `origins` says for each backend where it comes from: those of one installation are alike."""

    def __init__(self, origins: Sequence[Hashable], clock: Callable[[], float] = time.monotonic) -> None:
        self._origins = frozenset(origins)
        self._clock = clock
        self._lacking: dict[tuple[Hashable, str], float] = {}

    def note(self, origin: Hashable, affinity: str) -> None:
        """Note that a backend could not run a job for want of a node class or a model."""
        self._lacking[origin, affinity] = self._clock() + FORGET_SECONDS

    def unfit(self, origin: Hashable) -> frozenset[str]:
        """Return the affinities of the jobs that a backend had better leave to another one."""
        now = self._clock()
        self._lacking = {place: until for place, until in self._lacking.items() if until > now}
        return frozenset(affinity for other, affinity in self._lacking if other == origin and self.fits_elsewhere(origin, affinity))

    def fits_elsewhere(self, origin: Hashable, affinity: str) -> bool:
        """Tell whether a backend of another origin may have what this one lacks; a job without an affinity can't be told from others."""
        return bool(affinity) and any((other, affinity) not in self._lacking for other in self._origins - {origin})
