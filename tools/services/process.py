"""A service is a program that we start in the background and stop by its id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class Process:
    """One process of a service, in a session of its own; what it prints goes to a file."""

    def __init__(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, user: int | None = None) -> None:
        self._command = list(command)
        self._log = log
        self._env = None if env is None else {**os.environ, **env}
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return self._process.pid if self._process else 0

    @property
    def has_ended(self) -> bool:
        """Tell whether it was started, and has ended without being told to."""
        return self._process is not None and self._process.poll() is not None

    def start(self, answers: Callable[[], bool]) -> None:
        """Start it and return once it answers; raise RuntimeError with the end of its log where it does not."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env, start_new_session=True, user=self._user
            )
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._command[0]} does not start:\n{self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def signal(self, number: int) -> None:
        """Send it a signal, such as SIGSTOP and SIGCONT; does nothing where it has ended."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """End it and its children at once."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Have it end in its own way; after a while, end it."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
            os.kill(process.pid, number)
        try:
            process.wait(STOP_SECONDS if number != signal.SIGKILL else None)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Tell whether somebody listens on a port of 127.0.0.1."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
