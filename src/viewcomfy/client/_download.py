"""Fetching an output: where it goes, and how a download that breaks goes on."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.core.outputs import safe_filename

CHUNK = 256 * 1024
PAUSE_MOST = 4.0
"""The most seconds between two tries."""
RESTARTS = 3
"""A download that had to start anew so many times and breaks again is given up: the server has a lasting fault."""
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Download:
    """Where a download stands, in bytes; `patience` is how many seconds it may go without a byte."""

    def __init__(self, patience: float, now: float) -> None:
        self.received = 0
        self.complete = False
        self._total: int | None = None
        self._tag: str | None = None
        self._patience = patience
        self._got_at = now
        self._fruitless = 0
        self._restarts = 0

    def headers(self) -> dict[str, str]:
        """Return what to ask with: plain bytes, and from where to go on."""
        resume = {"Range": f"bytes={self.received}-"} if self.received else {}
        same = {"If-Range": self._tag} if self.received and self._tag else {}
        return {"Accept-Encoding": "identity", **resume, **same}

    def opened(self, status: int, headers: Mapping[str, str]) -> bool:
        """Take in the head of an answer; tell whether its bytes follow those that are there, or replace them all."""
        placed = CONTENT_RANGE.fullmatch(headers.get("content-range", "")) if status == 206 else None
        follows = placed is not None and int(placed[1]) == self.received
        if not follows:
            self._restarts += self.received > 0
            self.received = 0
        total = placed[2] if placed else headers.get("content-length", "*")
        self._total = int(total) if total.isdecimal() else None
        tag = headers.get("etag", "")
        self._tag = tag if tag.startswith('"') else None
        return follows or status == 200

    def got(self, size: int, now: float) -> None:
        """Count bytes that were written."""
        self.received += size
        self._got_at, self._fruitless = now, 0

    def ended(self) -> None:
        """Take in that an answer ended as it should."""
        self.complete = self._total is None or self.received >= self._total

    def broke(self, fault: Exception | None, now: float) -> float:
        """Return the seconds to wait before going on; raise ServerUnavailable when patience ends."""
        if now - self._got_at > self._patience or self._restarts >= RESTARTS:
            reason = fault or "it ended early"
            raise ServerUnavailable(f"The download stopped at byte {self.received} and does not get on: {reason}.") from fault
        self._fruitless += 1
        return min(PAUSE_MOST, 0.1 * float(2**self._fruitless))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file goes: `exact` replaces what is there, in a folder it gets a number instead."""

    folder: Path
    filename: str
    exact: bool

    @classmethod
    def of(cls, where: str | os.PathLike[str], filename: str) -> Place:
        """Return the place for a file: `where` itself, or below it where it is a folder or ends with a slash."""
        path = Path(where)
        if path.is_dir() or os.fspath(where).endswith(("/", os.sep)):
            return cls.within(path, filename)
        return cls(path.parent, path.name, exact=True)

    @classmethod
    def within(cls, folder: str | os.PathLike[str], filename: str) -> Place:
        """Return the place in a folder, whatever name a server gives."""
        return cls(Path(folder), safe_filename(filename, "output"), exact=False)

    @contextmanager
    def part(self) -> Iterator[tuple[Path, BinaryIO]]:
        """Open a file beside the place to write into; it is removed unless it was put in place."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f".{uuid.uuid4().hex}.part"
        try:
            with path.open("xb") as file:
                yield path, file
        finally:
            path.unlink(missing_ok=True)

    def put(self, part: Path) -> Path:
        """Move the written file to its place; return where that is."""
        target = self.folder / self.filename if self.exact else self._free_name()
        return part.replace(target)

    def _free_name(self) -> Path:
        """Take the first name that is free, by making the file: two that save at once get two names."""
        name = Path(self.filename)
        path, number = self.folder / name, 1
        while True:
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                number += 1
                path = self.folder / f"{name.stem} ({number}){name.suffix}"
            else:
                return path
