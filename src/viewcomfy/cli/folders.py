"""Folders that one process has for itself."""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from viewcomfy.core.errors import Conflict

BACKENDS = "backends"
LOCK = "worker.lock"


@contextmanager
def held_data(data: Path) -> Iterator[None]:
    """Hold the data folder for this server alone: a second one would take the first one's running jobs for lost. Raises Conflict."""
    path = data / "server.lock"
    with path.open("a+") as lock:
        if not _lock(lock):
            lock.seek(0)
            owner = lock.read().strip()
            raise Conflict(
                f"Another viewcomfy server (process {owner or '?'}) uses {path.parent}.", hint="Stop it, or choose another --data-dir."
            )
        with _signed(lock):
            yield


@contextmanager
def held_backends(data: Path) -> Iterator[Path]:
    """Hold a folder for the backends of this process and yield it: the first of `backends`, `backends-2`, … that nobody has."""
    for number in itertools.count(1):
        folder = data / (BACKENDS if number == 1 else f"{BACKENDS}-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOCK).open("a+") as lock:
            if _lock(lock):
                with _signed(lock):
                    yield folder
                return


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def _signed(lock: IO[str]) -> Iterator[None]:
    """Write down who holds it, for whoever finds it held."""
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    yield
    with suppress(OSError):
        lock.truncate(0)
