"""How fast a ComfyUI starts, and how much memory several take, with and without the fork server."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from viewcomfy.comfy.backend import Backend
from viewcomfy.comfy.fork_server import ForkServer
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.process import Launch

MIB = 1024
"""KiB, which /proc counts in."""


async def measure(comfyui: str, scale: float) -> None:
    """Print starts side by side, then the memory of one backend and of four."""
    installation = await asyncio.to_thread(Installation.from_folder, Path(comfyui))
    print(f"torch {'without' if installation.use_cpu else 'with'} a GPU")
    await starts(installation, max(3, int(7 * scale)))
    for count in (1, 4):
        await memory(installation, count)


async def starts(installation: Installation, rounds: int) -> None:
    """A start to the first answer, in the ordinary way, as the first of a fork server, and as a later one, in turn."""
    ordinary, first, later = [], [], []
    for _ in range(rounds):
        ordinary.append(await start_seconds(installation, None))
        fork_server = ForkServer(installation)
        first.append(await start_seconds(installation, fork_server))
        later += [await start_seconds(installation, fork_server) for _ in range(3)]
        await fork_server.stop()
    base = statistics.median(ordinary)
    for what, seconds in (("the first start of a fork server", first), ("a later one", later)):
        ratio = statistics.median(seconds) / base
        print(f"{what}: {statistics.median(seconds):.2f} s, an ordinary start {base:.2f} s, ratio {ratio:.2f} (medians of {rounds} rounds)")


async def start_seconds(installation: Installation, fork_server: ForkServer | None) -> float:
    """Return the seconds until it answers; it is stopped then."""
    with tempfile.TemporaryDirectory() as folder:
        backend = Backend("bench", Launch(installation, Path(folder)), fork_server=fork_server)
        started = time.perf_counter()
        await backend.ensure_ready()
        seconds = time.perf_counter() - started
        await backend.stop()
    return seconds


async def memory(installation: Installation, count: int) -> None:
    """The memory that all processes take together when they are up, what they share counted once, and the seconds until all are."""
    taken, seconds = [], []
    for fork_server in (None, ForkServer(installation)):
        with tempfile.TemporaryDirectory() as folder:
            launches = [Launch(installation, Path(folder, str(i)), processes=count) for i in range(count)]
            backends = [Backend(launch.folder.name, launch, fork_server=fork_server) for launch in launches]
            started = time.perf_counter()
            await asyncio.gather(*(backend.ensure_ready() for backend in backends))
            seconds.append(time.perf_counter() - started)
            pids = [backend.info().pid for backend in backends] + [fork_server.pid if fork_server else None]
            taken.append(sum([await asyncio.to_thread(proportional, pid) for pid in pids if pid]))
            await asyncio.gather(*(backend.stop() for backend in backends))
        if fork_server:
            await fork_server.stop()
    print(
        f"{count} at once: {taken[0] / MIB:.0f} MiB in the ordinary way, {taken[1] / MIB:.0f} MiB with the fork server, "
        f"ratio {taken[1] / taken[0]:.2f}; all up after {seconds[0]:.1f} s and {seconds[1]:.1f} s, ratio {seconds[1] / seconds[0]:.2f}"
    )


def proportional(pid: int) -> int:
    """Return a process's memory in KiB; what it shares with others is divided among them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError(pid)
