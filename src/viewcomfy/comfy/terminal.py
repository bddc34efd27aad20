"""A terminal is a pseudo-terminal with one child on it: its output comes at once, and it dies with us."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
import tty
from collections.abc import Callable

from viewcomfy.comfy.child import UNKNOWN_EXIT, Child

READ_SIZE = 64 * 1024
READS_AT_ONCE = 64
"""More than a terminal can hold, and an end for a command that prints without pause."""
ROWS, COLUMNS = 24, 120


class Terminal:
    """Hold one end of a pseudo-terminal; the other, `child_end`, is for the child that `attach` is then told of.

    `on_data` gets its output as it comes. `exited` is resolved with the return code once all output has been handed on.
    """

    def __init__(self, on_data: Callable[[bytes], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_data = on_data
        self._child: Child | None = None
        self.exited: asyncio.Future[int] = self._loop.create_future()
        self._ours, self.child_end = os.openpty()
        tty.setraw(self.child_end)  # bytes come through as they were written
        fcntl.ioctl(self.child_end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.set_blocking(self._ours, False)

    @property
    def pid(self) -> int:
        """The child's process id; 0 before there is one."""
        return self._child.pid if self._child else 0

    def attach(self, child: Child) -> None:
        """Read for a child that was started on `child_end`."""
        os.close(self.child_end)
        self._child = child
        self._loop.add_reader(self._ours, self.drain)
        child.exited.add_done_callback(self._ended)

    def abandon(self) -> None:
        """Close both ends: there will be no child."""
        os.close(self.child_end)
        self._close()

    def drain(self) -> None:
        """Hand on what the terminal holds now, without waiting."""
        for _ in range(READS_AT_ONCE if self._ours >= 0 else 0):
            try:
                data = os.read(self._ours, READ_SIZE)
            except BlockingIOError:
                return
            except OSError:  # EIO: every writer has closed it
                data = b""
            if not data:
                self._loop.remove_reader(self._ours)
                return
            self._on_data(data)

    async def stop(self, grace: float) -> int:
        """Ask the child to end, kill its whole group after `grace` seconds; return its return code."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                return await asyncio.shield(self.exited)
        self.kill()
        return await asyncio.shield(self.exited)

    def kill(self) -> None:
        """Kill the child's whole group."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._child and not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def _ended(self, returncode: asyncio.Future[int]) -> None:
        self.drain()
        self._close()
        if not self.exited.done():
            self.exited.set_result(returncode.result())

    def _close(self) -> None:
        self._loop.remove_reader(self._ours)
        os.close(self._ours)
        self._ours = -1


def describe_exit(returncode: int) -> str:
    """Say how a process ended."""
    if returncode == UNKNOWN_EXIT:
        return "ended"
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = "unknown"
    hint = ": the machine may have run out of memory" if -returncode == signal.SIGKILL else ""
    return f"was killed by signal {-returncode} ({name}){hint}"
