"""Soundings: whether what a server rests on answers, how fast, and whether it keeps what it is given."""

from __future__ import annotations

import asyncio
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from viewcomfy.core import doctor as rules
from viewcomfy.core.doctor import Check
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.engine.base import Engine
from viewcomfy.files.base import Files
from viewcomfy.files.faults import disk_fault
from viewcomfy.store.about import About

FOLDER = "doctor"
PROBE = b"viewcomfy"
SYNCS = 5
PATIENCE = 10.0
"""Seconds within which anything must answer."""


class Soundings:
    """Try out the store, the files, the engine and the disk of the data folder."""

    def __init__(self, *, store: About, files: Files, engine: Engine, folder: Path) -> None:
        self._store = store
        self._files = files
        self._engine = engine
        self._folder = folder

    async def take(self) -> list[Check]:
        """Return what was found."""
        tried = await asyncio.gather(
            _tried("the store", self._ask_store),
            _tried("files", self._ask_files),
            _tried("the engine", self._engine.queue_length),
            self._ask_disk(),
        )
        return [*tried, *await self._durability()]

    async def _ask_store(self) -> str:
        return (await self._store.facts()).version

    async def _ask_files(self) -> None:
        key = f"{FOLDER}/{secrets.token_hex(8)}"
        await self._files.put(key, _once(PROBE))
        try:
            found = b"".join([chunk async for chunk in self._files.read(key)])
        finally:
            await self._files.remove(key)
        if found != PROBE:
            raise ViewComfyError("What was put there came back changed.")

    async def _ask_disk(self) -> Check:
        try:
            return rules.syncs("the data folder", await asyncio.to_thread(_sync_seconds, self._folder))
        except OSError as fault:  # a full disk is what a doctor is called for
            return rules.unwritable("the data folder", disk_fault(fault).message)

    async def _durability(self) -> list[Check]:
        with suppress(ViewComfyError, TimeoutError):  # that it does not answer is told already
            async with asyncio.timeout(PATIENCE):
                return rules.durable("the store", (await self._store.facts()).is_durable)
        return []


async def _tried(subject: str, ask: Callable[[], Awaitable[object]]) -> Check:
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            said = await ask()
    except ViewComfyError as fault:
        return rules.silent(subject, str(fault))
    except TimeoutError:
        return rules.silent(subject, f"It does not answer within {PATIENCE:g} s.")
    return rules.answers(subject, time.monotonic() - began, said if isinstance(said, str) else "")


def _sync_seconds(folder: Path) -> float:
    """Return how long a small write takes to be safe on the disk."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".tmp-doctor-") as file:
        seconds = []
        for _ in range(SYNCS):
            began = time.monotonic()
            file.write(PROBE)
            file.flush()
            os.fsync(file.fileno())
            seconds.append(time.monotonic() - began)
    return statistics.median(seconds)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
