"""A draft is a file that is being written: out of sight until it is whole."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO


class Draft:
    """A file below a folder for drafts. Its methods block, and may be called on any thread.

    After `abandon` nothing is left of it, also when that overtakes a write which another thread has been asked for.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / secrets.token_hex(8)
        self._file: BinaryIO | None = None
        self._lock = threading.Lock()
        self._abandoned = False

    def write(self, chunks: Iterable[bytes]) -> None:
        """Append the chunks."""
        with self._lock:
            if self._abandoned:
                return
            if self._file is None:
                self._file = self._path.open("xb", buffering=0)
            for chunk in chunks:
                view = memoryview(chunk)
                while view:  # an unbuffered write may be short
                    view = view[self._file.write(view) :]

    def finish(self, target: Path) -> None:
        """Make what was written appear at a path, in place of what is there."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            if not self._abandoned:
                _move(self._path, target)

    def take(self, source: Path) -> int:
        """Become a hard link to a file, or a copy where that can't be; return its number of bytes."""
        real = os.path.realpath(source)  # a link to a symbolic link would point to what may change
        with self._lock:
            if self._abandoned:
                return 0
            try:
                os.link(real, self._path)
            except OSError:  # another file system, or one without hard links
                shutil.copyfile(real, self._path)
            return self._path.stat().st_size

    def abandon(self) -> None:
        """Remove what was written and not finished."""
        with self._lock:
            self._abandoned = True
            if self._file is not None:
                self._file.close()
            self._path.unlink(missing_ok=True)


def _move(path: Path, target: Path) -> None:
    for _ in range(3):  # the folder may be removed at the same time, with the rest of its job
        try:
            path.replace(target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
        else:
            return
    path.replace(target)
