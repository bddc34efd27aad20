"""Catalogs: which node classes each backend of a worker has, kept in files, known also of backends that are stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.pool import Pool
from viewcomfy.core.catalog_files import catalog_key, pack, parse
from viewcomfy.core.errors import BackendUnresponsive, NoBackend, UnknownFile, ViewComfyError
from viewcomfy.files.base import Files
from viewcomfy.worker.catalog_memory import CatalogMemory
from viewcomfy.worker.fingerprints import Fingerprints

FRESH_SECONDS = 5.0
"""How old an answer of ComfyUI may be for `inspect`: asking holds its loop up for 0.3 s."""
LOOK_SECONDS = 0.5
IDLE_PATIENCE = 10.0
"""Seconds after which a backend that is never idle is asked in the background all the same."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Watch:
    """What the background knows of a backend: `state` is its start and fingerprint, since `since`, asked for then or not."""

    state: tuple[int, str | None] | None = None
    since: float = 0.0
    is_asked: bool = False


class Catalogs:
    """Know the catalogs of a pool's backends. `changed` is set when some revision has become known, another, or unknown.

    `memory` is the file that remembers them over restarts; the catalogs themselves lie in files under their revisions.
    """

    def __init__(self, pool: Pool, files: Files, memory: Path) -> None:
        self.changed = asyncio.Event()
        self._pool = pool
        self._files = files
        self._memory = CatalogMemory(memory)
        self._fingerprints = Fingerprints(pool)
        self._stored: set[str] = set()
        self._told: list[str | None] = [None] * len(pool.backends)
        self._watches: dict[Backend, _Watch] = {}
        self._answered: dict[str, float] = {}
        self._failed_at = 0.0
        self._fault: Exception | None = None
        self._lock = asyncio.Lock()

    def revision(self, backend: Backend) -> str | None:
        """Return the revision of a backend's catalog; None where it is not known, or no longer."""
        fingerprint = self._fingerprints.of(backend)
        return self._memory.revision(fingerprint) if fingerprint else None

    async def inspect(self) -> None:
        """Make every backend's catalog known and, of those that run, at most FRESH_SECONDS old; calls at the same time share the work.

        Of stopped backends with an unknown fingerprint one is started, and stops again when it has been idle as usual.
        Raises what a backend raises that does not start or answer, after the others have been asked.
        """
        called = time.monotonic()
        async with self._lock:
            if self._fault and self._failed_at >= called:
                raise self._fault
            self._stored.clear()  # files may have gone since they were last looked for
            await self._take()
            answers = await asyncio.gather(*map(self._ask, self._unknown_or_old()), return_exceptions=True)
            self._fault = next((answer for answer in answers if isinstance(answer, Exception)), None)
            self._failed_at = time.monotonic()
            if self._fault:
                raise self._fault

    async def run(self) -> None:
        """Keep what is known up to date, for ever: ask a backend that has started with an unknown fingerprint once, when it is idle."""
        while True:
            try:
                await self._look()
            except ViewComfyError as fault:
                log.info("a backend's node classes could not be read", reason=str(fault))
            except Exception:
                log.exception("a backend's node classes could not be read through a fault of ours")
            await asyncio.sleep(LOOK_SECONDS)

    # --- what to ask --------------------------------------------------------------------------------------------------
    def _unknown_or_old(self) -> list[Backend]:
        """Return one backend for each fingerprint that must be asked for now; one that runs if there is any."""
        alike: dict[str | None, list[Backend]] = {}
        for backend in self._pool.backends:
            alike.setdefault(self._fingerprints.of(backend), []).append(backend)
        return [
            min(backends, key=_effort)
            for fingerprint, backends in alike.items()
            if not self._is_fresh(fingerprint or "", can_ask=any(_runs(backend) for backend in backends))
        ]

    def _is_fresh(self, fingerprint: str, *, can_ask: bool) -> bool:
        age = time.monotonic() - self._answered.get(fingerprint, -FRESH_SECONDS)
        return self._memory.revision(fingerprint) is not None and (age < FRESH_SECONDS or not can_ask)

    async def _look(self) -> None:
        if self._fingerprints.is_due():
            await self._take()
        self._watches = {backend: self._watches.get(backend, _Watch()) for backend in self._pool.backends}
        for backend, watch in self._watches.items():
            self._watch(backend, watch)
            if self._is_due(backend, watch) and not self._lock.locked():
                watch.is_asked = True
                async with self._lock:
                    await self._ask(backend)

    def _watch(self, backend: Backend, watch: _Watch) -> None:
        state = (backend.info().starts, self._fingerprints.of(backend)) if backend.state is BackendState.READY else None
        if state != watch.state:
            watch.state, watch.since, watch.is_asked = state, time.monotonic(), False

    def _is_due(self, backend: Backend, watch: _Watch) -> bool:
        if watch.state is None or watch.is_asked:
            return False
        if self.revision(backend) is not None and not isinstance(backend.source, str):  # of somebody else's it says nothing
            return False
        return not backend.is_busy or time.monotonic() - watch.since >= IDLE_PATIENCE

    # --- asking and keeping -------------------------------------------------------------------------------------------
    async def _ask(self, backend: Backend) -> None:
        if not isinstance(backend.source, str) and backend.state is not BackendState.READY:
            if backend.draining:
                raise NoBackend(f"{backend.name} has been drained.", hint="Start it again to have it say which nodes and models it has.")
            await backend.ensure_ready()
            await self._take()  # anything may have happened meanwhile; ComfyUI lists its folders when it is asked
        fingerprint = self._fingerprints.of(backend)
        raw = await backend.object_info()
        try:
            catalog = await asyncio.to_thread(parse, raw)
        except ValueError as fault:
            raise BackendUnresponsive(f"What {backend.name} says of its node classes can't be read: {fault}.") from fault
        if not await self._has_file(catalog.revision):
            await self._files.put(catalog_key(catalog.revision), _chunks(await asyncio.to_thread(pack, raw)))
        if fingerprint:
            await self._note(fingerprint, catalog.revision)

    async def _note(self, fingerprint: str, revision: str) -> None:
        self._answered = {name: at for name, at in self._answered.items() if time.monotonic() - at < FRESH_SECONDS}
        self._answered[fingerprint] = time.monotonic()
        if self._memory.revision(fingerprint) == revision:
            return
        forgotten = self._memory.note(fingerprint, revision)
        self._tell()
        await asyncio.to_thread(self._memory.save)
        for old in forgotten:
            self._stored.discard(old)
            await self._files.remove(catalog_key(old))

    async def _take(self) -> None:
        """Take the fingerprints, and forget what they stand for where its file is gone."""
        await self._fingerprints.take()
        for revision in {self.revision(backend) for backend in self._pool.backends}:
            if revision and not await self._has_file(revision):
                self._memory.forget(revision)
        self._tell()

    async def _has_file(self, revision: str) -> bool:
        if revision not in self._stored:
            try:
                await self._files.size(catalog_key(revision))
            except UnknownFile:
                return False
            self._stored.add(revision)
        return True

    def _tell(self) -> None:
        known = [self.revision(backend) for backend in self._pool.backends]
        if known != self._told:
            self._told = known
            self.changed.set()


def _runs(backend: Backend) -> bool:
    """Tell whether a backend can be asked without being started."""
    return backend.state is BackendState.READY or isinstance(backend.source, str)


def _effort(backend: Backend) -> tuple[bool, bool, bool]:
    return not _runs(backend), backend.state is BackendState.FAILED, backend.is_busy


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data
