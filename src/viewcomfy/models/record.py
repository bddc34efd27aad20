"""The record of models: where each file came from, what its bytes come to, and when it was last used."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

NAME = "models.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a file. Times are Unix time; `added_at` is 0 for one that we did not fetch, of which only the hash is known.

    `size` and `modified_ns` are the file's as it was hashed: with others the hash says nothing any more. `cached`: it was fetched for a
    deployment, and may be removed for another one.
    """

    folder: str
    file: str
    size: int
    modified_ns: int
    sha256: str = ""
    url: str = ""
    added_at: float = 0.0
    used_at: float = 0.0
    cached: bool = False

    @property
    def path(self) -> str:
        """Where it lies below the models folder."""
        return f"{self.folder}/{self.file}"

    def is_of(self, path: Path) -> bool:
        """Tell whether a file is still as it was hashed."""
        try:
            status = path.stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self.size, self.modified_ns)


class Record:
    """Entries by path below the models folder, in a JSON file that several processes may change; a damaged one counts as empty."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self) -> dict[str, Entry]:
        """Return all entries."""
        try:
            return {path: _entry(path, row) for path, row in json.loads(self._path.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    @contextmanager
    def changing(self) -> Iterator[dict[str, Entry]]:
        """Yield all entries to be changed, with everybody else kept waiting, and write them down."""
        with self._path.with_name(f"{NAME}.lock").open("a") as lock:
            with suppress(OSError):  # a file system without locks: nothing better is to be had there
                fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self.read()
            before = dict(entries)
            yield entries
            if entries != before:
                self._write(entries)

    def _write(self, entries: dict[str, Entry]) -> None:
        rows = {path: asdict(entry) for path, entry in sorted(entries.items())}
        draft = self._path.with_name(f"{NAME}.{os.getpid()}.new")
        draft.write_text(json.dumps(rows, indent=1))
        draft.replace(self._path)


def _entry(path: str, row: dict[str, Any]) -> Entry:
    """Return an entry; what a newer version has added to it is left out."""
    folder, _, file = path.partition("/")
    known = {field.name for field in fields(Entry)} - {"folder", "file"}
    return Entry(folder, file, **{name: value for name, value in row.items() if name in known})
