"""The watch over connections: one on which nothing moves any more is cut, so that nobody waits for ever."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOOKS_EVERY = 0.25
"""Seconds between two looks at the connections in use."""


class Watch:
    """Cuts the connection of a thread that takes longer than it said.

    A database that stands still keeps its connections open, and the system below it goes on answering: only a clock of ours tells.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[int, socket.socket] = {}
        self._deadlines: dict[int, float] = {}
        self._cut: set[int] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look, name="store-watch", daemon=True)
        self._thread.start()

    def hold(self, file_number: int) -> None:
        """Take note of the socket of this thread's new connection."""
        line = socket.socket(fileno=os.dup(file_number))  # a handle of our own: the number may soon be another file's
        with self._lock:
            before = self._lines.pop(threading.get_ident(), None)
            self._lines[threading.get_ident()] = line
        if before is not None:
            before.close()

    def let_go(self) -> None:
        """Forget this thread's connection."""
        with self._lock:
            line = self._lines.pop(threading.get_ident(), None)
        if line is not None:
            line.close()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Let this thread use its connection for so long."""
        thread = threading.get_ident()
        with self._lock:
            self._cut.discard(thread)
            self._deadlines[thread] = time.monotonic() + seconds
        try:
            yield
        finally:
            with self._lock:
                self._deadlines.pop(thread, None)

    @property
    def has_cut(self) -> bool:
        """Tell whether this thread's connection was cut within its last limit."""
        return threading.get_ident() in self._cut

    def close(self) -> None:
        """End the watch."""
        self._closing.set()
        self._thread.join()
        for line in self._lines.values():
            line.close()

    def _look(self) -> None:
        while not self._closing.wait(LOOKS_EVERY):
            now = time.monotonic()
            with self._lock:
                for thread in [thread for thread, deadline in self._deadlines.items() if deadline <= now]:
                    line = self._lines.get(thread)
                    if line is None:
                        continue  # it is about to connect, which has a limit of its own
                    del self._deadlines[thread]
                    self._cut.add(thread)
                    with suppress(OSError):
                        line.shutdown(socket.SHUT_RDWR)
