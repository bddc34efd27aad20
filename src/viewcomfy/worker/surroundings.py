"""Surroundings are the installations that a worker serves: the one in use, and the environments that were made beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from viewcomfy.comfy.find import find_apart
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import revision
from viewcomfy.comfy.slots import Served
from viewcomfy.core.errors import ComfyUINotFound
from viewcomfy.environments.applied import applied, current
from viewcomfy.environments.here import environment_id

EVERY_SECONDS = 5.0
"""How often it is looked whether an installation still is what it was, where nobody has told of a change."""
SHARE = 0.01
"""The most of the time that this may take; on a slow disk it is done less often."""

log = structlog.get_logger(__name__)


class Surroundings:
    """Looks at what lies below a data folder.

    `own` is the installation to begin with, None where somebody else's ComfyUI is used; one that `is_named` stays in use whatever is
    switched to.
    """

    def __init__(self, data: Path, own: Installation | None, *, is_named: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._data = data
        self._own = own
        self._follows = own is not None and not is_named
        self._clock = clock
        self._fault = ""
        self._switched_to = ""
        for environment, made in applied(data):  # not what the file says: it may have changed while `own` was found or installed
            if own is not None and made.main.resolve() == own.main.resolve():
                self._own, self._switched_to = made, environment
        self._known: dict[Installation, tuple[str, str]] = {}
        self._known_until = 0.0

    def look(self) -> tuple[Served, ...]:
        """Return what is to be served now, the one in use first; it blocks for some milliseconds."""
        made = applied(self._data)
        if self._follows:
            self._follow(dict(made))
        if self._clock() >= self._known_until:
            self._known.clear()
        begun = self._clock()
        served = [] if self._own is None else [self._served(self._own, aside=False)]
        served += [
            one for environment, other in made if other != self._own and (one := self._served(other, aside=True)).environment == environment
        ]
        if (ended := self._clock()) >= self._known_until:
            self._known_until = ended + max(EVERY_SECONDS, (ended - begun) / SHARE)
        return tuple(served)

    def _served(self, installation: Installation, *, aside: bool) -> Served:
        now = revision(installation)
        before, environment = self._known.get(installation, ("", ""))
        if installation not in self._known or before != now:
            environment = environment_id(installation)
            self._known[installation] = now, environment
        return Served(installation, environment, aside, now)

    def _follow(self, made: dict[str, Installation]) -> None:
        """Take in what was switched to, once it is there as a whole."""
        now = self._current(self._switched_to)
        if now == self._switched_to:
            return
        found = made.get(now) if now else find_apart(self._data)
        if isinstance(found, Installation):
            log.info("another ComfyUI is used from now on", environment=now or "none", folder=str(found.main.parent))
            self._own, self._switched_to = found, now
        elif not now:
            log.warning("no environment is used any more, and the worker must be started anew for that", found=found)
            self._switched_to = now

    def _current(self, before: str) -> str:
        try:
            found = current(self._data)
        except ComfyUINotFound as fault:
            if self._fault != str(fault):
                log.warning("which environment is used can't be read", reason=str(fault))
            self._fault = str(fault)
            return before
        self._fault = ""
        return found
