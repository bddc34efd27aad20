"""What goes wrong: each fault begins, lasts a while and ends."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.chaos.site import Part, Site

SHORT = (0.2, 2.0)
LONG = (1.0, 9.0)
"""Seconds that a fault lasts: some of them longer than a lease and than an election."""


class Stoppable(Protocol):
    """A service that can be ended, started and paused."""

    def kill(self) -> None: ...

    def start(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Fault:
    """`begin` breaks something that no other fault of the same `target` has broken, `end` mends it."""

    name: str
    target: str
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]
    seconds: tuple[float, float] = SHORT


def faults_of(site: Site) -> list[Fault]:
    """Return everything that can go wrong at a site."""
    found: list[Fault] = []
    for part in (*site.servers, *site.workers, *site.comfyuis):
        found += [_killed(part), _paused(part)]
    for node in site.nats.nodes:
        found += _of_service(node.name, "nats", node, begin=node.begin)
    found += _of_service("postgres", "postgres", site.postgres)
    found += _of_service("s3", "s3", site.s3)
    found += [_reset(site), *(_cut(part) for part in site.workers if part.namespace)]
    found += [_filled(part) for part in (*site.servers[:1], *site.workers[:1]) if is_small(part.folder)]
    return found


class Trouble:
    """Has faults happen at random, at most one of each target at a time; NATS keeps its majority."""

    def __init__(self, faults: Sequence[Fault], rng: random.Random, tell: Callable[[str], None]) -> None:
        self._faults = faults
        self._rng = rng
        self._tell = tell
        self._broken: set[str] = set()
        self.counts: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event, *, pause: tuple[float, float] = (0.3, 1.5), at_once: int = 3) -> None:
        """Break things until told to stop; everything is mended when it returns."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._rng.uniform(*pause)):
                        await stop.wait()
                free = [fault for fault in self._faults if fault.target not in self._broken]
                if free and len(self._broken) < at_once and not stop.is_set():
                    group.create_task(self._happen(self._rng.choice(free)))

    async def _happen(self, fault: Fault) -> None:
        self._broken.add(fault.target)
        seconds = self._rng.uniform(*fault.seconds)
        self._tell(f"{fault.name} for {seconds:.1f} s")
        self.counts[fault.name.partition(" ")[0]] += 1
        try:
            await fault.begin()
            await asyncio.sleep(seconds)
        finally:
            await fault.end()
            self._broken.discard(fault.target)


def _killed(part: Part) -> Fault:
    async def begin() -> None:
        await asyncio.to_thread(part.process.kill)

    async def end() -> None:
        await asyncio.to_thread(part.start)

    return Fault(f"kill {part.name}", part.name, begin, end)


def _paused(part: Part) -> Fault:
    return Fault(
        f"pause {part.name}",
        part.name,
        lambda: asyncio.to_thread(part.process.signal, signal.SIGSTOP),
        lambda: asyncio.to_thread(part.process.signal, signal.SIGCONT),
        LONG,
    )


def _of_service(name: str, target: str, service: Stoppable, begin: Callable[[], None] | None = None) -> list[Fault]:
    start = begin or service.start
    return [
        Fault(f"kill {name}", target, lambda: asyncio.to_thread(service.kill), lambda: asyncio.to_thread(start)),
        Fault(f"pause {name}", target, lambda: asyncio.to_thread(service.pause), lambda: asyncio.to_thread(service.resume), LONG),
    ]


def _reset(site: Site) -> Fault:
    async def begin() -> None:
        for relay in site.relays:
            relay.reset()

    return Fault("reset all connections", "relays", begin, lambda: asyncio.sleep(0), (0.0, 0.1))


def _cut(part: Part) -> Fault:
    assert part.namespace is not None
    namespace = part.namespace
    return Fault(
        f"cut {part.name} off", part.name, lambda: asyncio.to_thread(namespace.cut), lambda: asyncio.to_thread(namespace.mend), LONG
    )


# --- disks ------------------------------------------------------------------------------------------------------------
SMALL_BYTES = 64 * 1024 * 1024


def is_small(folder: Path) -> bool:
    """Tell whether a folder lies on a disk that can be filled without harm to others."""
    return folder.exists() and shutil.disk_usage(folder).total <= SMALL_BYTES


def mount_small(folder: Path) -> bool:
    """Put a small disk of its own below a folder; tell whether that could be done."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "tmpfs", str(folder)]
    return shutil.which("mount") is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(folder: Path) -> None:
    """Take the disk away."""
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def _filled(part: Part) -> Fault:
    ballast = part.folder / "ballast"

    async def begin() -> None:
        await asyncio.to_thread(_fill, ballast)

    async def end() -> None:
        await asyncio.to_thread(ballast.unlink, missing_ok=True)

    return Fault(f"fill the disk of {part.name}", f"disk of {part.name}", begin, end, LONG)


def _fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"\0" * (1 << 20)):
            pass
