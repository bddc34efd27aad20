"""Workers as processes of this machine, remembered in a folder: whoever looks there finds them again."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from viewcomfy.comfy.pidfile import birth
from viewcomfy.core.errors import Conflict, ServerUnavailable
from viewcomfy.fleet.base import INSTANCE, Instance

T = TypeVar("T")

RECORD = "instance.json"
LOG = "worker.log"
LOG_KEPT = 1_000_000
"""How large the log of an earlier worker may be for the next one to write on in it, in bytes."""


@dataclass(frozen=True, slots=True)
class _Record:
    """A process: its number and when it was born, because numbers are given to others again."""

    id: str
    pid: int
    born: str
    started_at: float
    stopping: bool = False


class LocalProvider:
    """Starts workers by a command, each with a data folder of its own below `folder`, which the next worker has again.

    `env` is what the command finds in its environment. The workers are no part of this process: they go on when it ends.
    """

    def __init__(self, folder: Path, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._folder = folder
        self._command = list(command)
        self._env = dict(env)
        self._children: set[int] = set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder for this process alone: two scalers would start twice as many. Raises Conflict."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / "fleet.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as taken:
                raise Conflict(f"Another process looks after the fleet in {self._folder}.", hint="Stop it first.") from taken
            yield

    async def instances(self) -> list[Instance]:
        """Return the processes that run, the oldest first."""
        return await _in_thread(self._list)

    async def start(self, count: int) -> list[str]:
        """Start so many more and return their ids. Raises ServerUnavailable where the command can't be started."""
        return await _in_thread(self._start, count)

    async def stop(self, instances: Sequence[Instance]) -> None:
        """Send SIGTERM, once to each."""
        await _in_thread(self._stop, {instance.id for instance in instances})

    def _list(self) -> list[Instance]:
        records = sorted((record for _, record in self._records()), key=lambda record: record.started_at)
        return [Instance(record.id, record.started_at, f"process {record.pid}", stopping=record.stopping) for record in records]

    def _records(self) -> list[tuple[Path, _Record]]:
        """Return the processes that run with their folders; what has ended is reaped and forgotten."""
        self._children = {pid for pid in self._children if _runs(pid)}
        found = []
        for path in self._folder.glob(f"*/{RECORD}"):
            record = _read(path)
            if record is not None and birth(record.pid) == record.born:
                found.append((path.parent, record))
            else:
                path.unlink(missing_ok=True)
        return found

    def _start(self, count: int) -> list[str]:
        taken = {folder for folder, _ in self._records()}
        number, started = 0, []
        for _ in range(count):
            while (folder := self._folder / str(number)) in taken:
                number += 1
            taken.add(folder)
            started.append(self._start_in(folder))
        return started

    def _start_in(self, folder: Path) -> str:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{folder.parent.name}-{folder.name}-{secrets.token_hex(3)}"
        log = folder / LOG
        if log.exists() and log.stat().st_size > LOG_KEPT:
            shutil.move(log, log.with_suffix(".old.log"))
        try:
            with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
                pid = os.posix_spawnp(
                    self._command[0],
                    [*self._command, "--data-dir", str(folder)],
                    {**self._env, INSTANCE: name},
                    file_actions=[(os.POSIX_SPAWN_DUP2, source.fileno(), place) for place, source in enumerate((nothing, output, output))],
                    setsid=True,
                )
        except OSError as fault:
            raise ServerUnavailable(f"{self._command[0]} can't be started: {fault.strerror or fault}.") from fault
        self._children.add(pid)
        born = birth(pid)
        if born is not None:  # else it has ended already
            try:
                _write(folder / RECORD, _Record(name, pid, born, time.time()))
            except OSError:
                os.kill(pid, signal.SIGTERM)  # nobody would ever find it again
                raise
        return name

    def _stop(self, ids: set[str]) -> None:
        for folder, record in self._records():
            if record.id in ids and not record.stopping:
                _write(folder / RECORD, replace(record, stopping=True))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(record.pid, signal.SIGTERM)


async def _in_thread(work: Callable[..., T], *args: object) -> T:
    """Do what blocks. Raises ServerUnavailable where the folder can't be read or written: there may be room again at the next look."""
    try:
        return await asyncio.to_thread(work, *args)
    except OSError as fault:
        where = f" ({fault.filename})" if fault.filename else ""
        raise ServerUnavailable(f"The folder of the fleet can't be used: {fault.strerror or fault}{where}.") from fault


def _runs(child: int) -> bool:
    """Tell whether a child still runs; reap it where not."""
    try:
        return os.waitpid(child, os.WNOHANG)[0] == 0
    except ChildProcessError:  # somebody else has reaped it
        return False


def _read(path: Path) -> _Record | None:
    try:
        return _Record(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, record: _Record) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(record)))
    fresh.replace(path)  # a reader sees the one or the other, also after a crash
