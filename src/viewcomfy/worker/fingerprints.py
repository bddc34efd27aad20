"""The fingerprints of a pool's backends: what decides their catalogs, whether they run or not."""

from __future__ import annotations

import asyncio
import time

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.fingerprint import Fingerprint, take_fingerprint
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.pool import Pool

EVERY_SECONDS = 5.0
"""How often they are taken while nothing happens."""
SHARE = 0.01
"""The most of the time that taking them may take; on a slow disk it is done less often."""

Source = tuple[Installation, tuple[str, ...]] | str
"""What backends with equal catalogs have in common: how they are started, or the URL of the one that runs there."""


class Fingerprints:
    """Know each backend's fingerprint, as it was when they were last taken."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._now: dict[Source, Fingerprint] = {}
        self._codes: dict[Backend, tuple[int, str]] = {}
        self._next = 0.0

    def of(self, backend: Backend) -> str | None:
        """Return the fingerprint of the code that a backend runs, or would run, with the models there are; None before `take`."""
        now = self._now.get(_source(backend))
        if now is None:
            return None
        code = self._codes[backend][1] if self._has_code(backend) else now.code
        return str(Fingerprint(code, now.models))

    def is_due(self) -> bool:
        """Tell whether to take them again: after a while, and when a backend has started."""
        new = any(backend.state is BackendState.READY and not self._has_code(backend) for backend in self._pool.backends)
        return new or time.monotonic() >= self._next

    async def take(self) -> None:
        """Take them all, outside the event loop; a backend that has started since the last time runs the code of now."""
        begun = time.monotonic()
        backends = [(backend, _source(backend)) for backend in self._pool.backends]
        taken: dict[Source, Fingerprint] = {}
        for source in {source for _, source in backends}:
            taken[source] = Fingerprint(source, "") if isinstance(source, str) else await asyncio.to_thread(take_fingerprint, *source)
        self._now = taken
        self._codes = {backend: code for backend, code in self._codes.items() if backend in self._pool.backends}
        for backend, source in backends:
            if _source(backend) == source and backend.state is BackendState.READY and not self._has_code(backend):
                self._codes[backend] = (backend.info().starts, self._now[source].code)
        ended = time.monotonic()
        self._next = ended + max(EVERY_SECONDS, (ended - begun) / SHARE)

    def _has_code(self, backend: Backend) -> bool:
        """Tell whether it is known which code the process runs that there is now."""
        starts, _ = self._codes.get(backend, (0, ""))
        return backend.state is BackendState.READY and starts == backend.info().starts


def _source(backend: Backend) -> Source:
    return backend.source if isinstance(backend.source, str) else (backend.source.installation, backend.source.extra_args)
