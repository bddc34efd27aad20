"""A child is a process that was started for us; how it ended is told once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).parent / "programs" / "terminal_exec.py"
POLL_EXIT = 0.1
UNKNOWN_EXIT = 256
"""The return code of a process that has ended without anyone being told how."""


@dataclass(frozen=True, slots=True)
class Child:
    """The leader of a session and a process group of its own; `exited` holds its return code, negative for a signal.

    What is left of its group when it ends is killed.
    """

    pid: int
    exited: asyncio.Future[int]


def spawn(command: Sequence[str], *, python: Path, env: Mapping[str, str], cwd: Path, terminal: int) -> Child:
    """Start a command on a terminal, given by its file descriptor, that becomes its controlling one; `python` runs the small launcher."""
    launcher = [str(python), "-I", "-S", str(LAUNCHER)]
    process = subprocess.Popen(  # noqa: S603  starting the given command is what this is for
        [*launcher, *command], stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, env=dict(env), cwd=cwd, start_new_session=True
    )
    exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def reap() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # before the wait below, which frees the number for others
        exited.set_result(process.wait())

    on_exit(process.pid, reap, is_gone=lambda: process.poll() is not None)
    return Child(process.pid, exited)


def on_exit(pid: int, act: Callable[[], None], *, is_gone: Callable[[], bool]) -> None:
    """Have `act` called once when the process ends: by a pidfd, which costs nothing, or by asking `is_gone` now and then."""
    loop = asyncio.get_running_loop()
    try:
        pidfd = os.pidfd_open(pid)
    except (AttributeError, OSError):

        def look() -> None:
            if is_gone():
                act()
            else:
                loop.call_later(POLL_EXIT, look)

        loop.call_soon(look)
        return

    def ready() -> None:
        loop.remove_reader(pidfd)
        os.close(pidfd)
        act()

    loop.add_reader(pidfd, ready)
