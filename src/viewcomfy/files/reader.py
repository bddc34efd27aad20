"""A reader takes a file in block by block, and lets go of it on whichever thread that happens."""

from __future__ import annotations

import errno
import stat
import threading
from pathlib import Path
from typing import BinaryIO


class Reader:
    """The bytes of a file from `start` on. `read` blocks and may be called on any thread; `close` may overtake it."""

    def __init__(self, path: Path, start: int) -> None:
        self._path = path
        self._start = start
        self._file: BinaryIO | None = None
        self._lock = threading.Lock()
        self._closed = False

    def read(self, length: int) -> bytes:
        """Return the next bytes, fewer than `length` only at the end; raise FileNotFoundError where there is no file."""
        with self._lock:
            if self._closed:
                return b""
            if self._file is None:
                file_size(self._path)
                self._file = self._path.open("rb", buffering=0)
                self._file.seek(self._start)
            return self._file.read(length)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()


def file_size(path: Path) -> int:
    """Return the number of bytes of a file; raise FileNotFoundError where there is no regular one."""
    try:
        status = path.lstat()
    except NotADirectoryError as fault:
        raise FileNotFoundError(errno.ENOENT, "No such file") from fault
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError(errno.ENOENT, "Not a file")
    return status.st_size
