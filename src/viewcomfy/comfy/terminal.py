"""A terminal process is a child on a pseudo-terminal of its own: its output comes at once, and it dies with us."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import termios
import tty
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LAUNCHER = Path(__file__).parent / "programs" / "terminal_exec.py"
READ_SIZE = 64 * 1024
READS_AT_ONCE = 64
"""More than a terminal can hold, and an end for a command that prints without pause."""
ROWS, COLUMNS = 24, 120
POLL_EXIT = 0.1


class TerminalProcess:
    """Run a command on a pseudo-terminal.

    `on_data` gets its output as it comes. `exited` is resolved with the return code, negative for a signal, once all output has
    been handed on. The command leads a session and a process group of its own; what is left of the group is killed when it ends.
    """

    def __init__(
        self, command: Sequence[str], *, python: Path, env: Mapping[str, str], cwd: Path, on_data: Callable[[bytes], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_data = on_data
        self.exited: asyncio.Future[int] = self._loop.create_future()
        self._master, slave = _open_terminal()
        launcher = [str(python), "-I", "-S", str(LAUNCHER)]
        try:
            self._process = subprocess.Popen(  # noqa: S603  starting the given command is what this class is for
                [*launcher, *command], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=dict(env), cwd=cwd, start_new_session=True
            )
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        self.pid = self._process.pid
        self._loop.add_reader(self._master, self.drain)
        self._watch = self._watch_exit()

    def drain(self) -> None:
        """Hand on what the terminal holds now, without waiting."""
        for _ in range(READS_AT_ONCE if self._master >= 0 else 0):
            try:
                data = os.read(self._master, READ_SIZE)
            except BlockingIOError:
                return
            except OSError:  # EIO: every writer has closed it
                data = b""
            if not data:
                self._loop.remove_reader(self._master)
                return
            self._on_data(data)

    async def stop(self, grace: float) -> int:
        """Ask the command to end, kill its whole group after `grace` seconds; return its return code."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                return await asyncio.shield(self.exited)
        self.kill()
        return await asyncio.shield(self.exited)

    def kill(self) -> None:
        """Kill the command's whole group."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _watch_exit(self) -> asyncio.Task[None] | None:
        """Have `_ended` called when the command ends: by a pidfd, which costs nothing, or by looking now and then."""
        try:
            pidfd = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            return self._loop.create_task(self._poll_exit())

        def on_exit() -> None:
            self._loop.remove_reader(pidfd)
            os.close(pidfd)
            self._ended()

        self._loop.add_reader(pidfd, on_exit)
        return None

    async def _poll_exit(self) -> None:
        while self._process.poll() is None:  # noqa: ASYNC110  the system tells nobody
            await asyncio.sleep(POLL_EXIT)
        self._ended()

    def _ended(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # before the wait below, which frees the number for others
        returncode = self._process.wait()
        self.drain()
        self._loop.remove_reader(self._master)
        os.close(self._master)
        self._master = -1
        if not self.exited.done():
            self.exited.set_result(returncode)


def _open_terminal() -> tuple[int, int]:
    """Return (ours, the child's): raw, so that bytes come through as written, and as wide as a progress bar likes it."""
    master, slave = os.openpty()
    tty.setraw(slave)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    os.set_blocking(master, False)
    return master, slave


def describe_exit(returncode: int) -> str:
    """Say how a process ended."""
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = "unknown"
    hint = ": the machine may have run out of memory" if -returncode == signal.SIGKILL else ""
    return f"was killed by signal {-returncode} ({name}){hint}"
