"""A partial is a file that is being fetched: its bytes so far, and beside it a note of which file they are of and which are there."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from viewcomfy.core.errors import Conflict
from viewcomfy.models.spans import Span, read_spans, received

SUFFIX = ".part"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """What must be the same for bytes to be of the same file: its URL, its size, and what its server calls this very content."""

    url: str
    size: int
    etag: str = ""
    modified: str = ""
    sha256: str = ""

    @property
    def is_certain(self) -> bool:
        """Tell whether another file behind the same URL would be noticed."""
        return bool(self.sha256 or self.etag or self.modified)

    def is_of(self, other: Identity) -> bool:
        """Tell whether bytes of the other may be joined to bytes of this: what is hashed in the end may, whatever a server calls it."""
        if (self.url, self.size) != (other.url, other.size) or not (self.size and self.is_certain):
            return False
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256
        return bool(self.etag or self.modified) and (self.etag, self.modified) == (other.etag, other.modified)


def partial_path(path: Path) -> Path:
    """Return where the bytes of a file are gathered: beside it, and hidden, so that no ComfyUI offers them."""
    return path.with_name(f".{path.name}{SUFFIX}")


def unfinished(folder: Path) -> list[Path]:
    """Return the files below a folder, by their final names, that somebody began to fetch and has not finished."""
    return sorted(part.with_name(part.name[1 : -len(SUFFIX)]) for part in folder.rglob(f".*{SUFFIX}"))


def progress_of(path: Path) -> tuple[int, int]:
    """Return how many bytes of an unfinished file are there, and its size (0: not known)."""
    note = _read(_note_path(path))
    try:
        size = int(note["identity"]["size"])
        return received(read_spans(note["spans"], size) or []), size
    except (KeyError, TypeError, ValueError):
        return 0, 0


class Partial:
    """The one writer of a partial. `resume` says what is there of a file, `write` adds bytes, `finish` makes it the file itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = partial_path(path)
        self._file = -1
        self._identity: Identity | None = None
        self._spans: list[Span] = []
        self._lock = threading.Lock()

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Return the partial of a file for us alone; None while somebody else fetches it, in this process or another."""
        partial = cls(path)
        partial._part.parent.mkdir(parents=True, exist_ok=True)
        partial._file = os.open(partial._part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if _lock(partial._file) and _is_at(partial._file, partial._part):
            return partial
        partial.close()
        return None

    def resume(self, identity: Identity) -> list[Span] | None:
        """Return the spans of a file as far as they are there; None where the bytes are of another file, or nobody can say of which."""
        note = _read(_note_path(self._path))
        if note.get("format") != FORMAT or not identity.is_of(_identity(note.get("identity"))):
            return None
        spans = read_spans(note.get("spans"), identity.size)
        if spans is None or os.fstat(self._file).st_size < max(span.at for span in spans if span.received or span.start == 0):
            return None
        self._identity, self._spans = identity, spans
        return spans

    def begin(self, identity: Identity, spans: list[Span]) -> None:
        """Begin anew, without any byte."""
        self.forget()
        with self._lock:
            self._identity, self._spans = identity, spans

    def forget(self) -> None:
        """Throw the bytes away that are there."""
        _note_path(self._path).unlink(missing_ok=True)
        with self._lock:  # a part that still waits for its server must not write into what comes next
            self._identity, self._spans = None, []
            os.ftruncate(self._file, 0)

    def write(self, data: bytes, span: Span) -> None:
        """Add bytes to a span; from any thread. Nothing is written once it is closed, or for a span of a file that was given up.

        Raises OSError.
        """
        view = memoryview(data)
        with self._lock:
            while view and self._file >= 0 and any(span is known for known in self._spans):
                count = os.pwrite(self._file, view, span.at)
                view, span.at = view[count:], span.at + count

    def note(self) -> None:
        """Write down how far it has come. What is noted is on the disk first: a machine that loses its power resumes rightly, too."""
        if self._identity is None or not self._identity.is_certain:
            return
        spans = [span.as_list() for span in self._spans]
        os.fdatasync(self._file)
        where = _note_path(self._path)
        draft = where.with_name(f"{where.name}.new")
        draft.write_text(json.dumps({"format": FORMAT, "identity": asdict(self._identity), "spans": spans}))
        draft.replace(where)

    def trim(self, size: int) -> None:
        """Cut off what an earlier attempt has left behind the end."""
        os.ftruncate(self._file, size)

    @property
    def part(self) -> Path:
        """Where its bytes are until it is finished."""
        return self._part

    def finish(self) -> None:
        """Give the file its name, all at once. Raises Conflict where somebody else has put one there meanwhile: theirs stays."""
        os.fsync(self._file)
        try:
            os.link(self._part, self._path)
        except FileExistsError as fault:
            raise Conflict(f"{self._path.name} has come from somewhere else meanwhile.", hint="It was left as it is.") from fault
        except OSError as fault:
            if fault.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
                raise
            if self._path.exists():  # a file system without hard links
                raise Conflict(f"{self._path.name} has come from somewhere else meanwhile.", hint="It was left as it is.") from fault
            self._part.replace(self._path)
        self.remove()

    def remove(self) -> None:
        """Remove it and its note."""
        _note_path(self._path).unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)

    def remove_if_empty(self) -> None:
        """Remove it where it holds nothing that a later attempt could use."""
        if self._file >= 0 and not os.fstat(self._file).st_size:
            self.remove()

    def close(self) -> None:
        """Let others have it."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1


def _note_path(path: Path) -> Path:
    return path.with_name(f".{path.name}{SUFFIX}.json")


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nothing better is to be had there
        return True
    return True


def _is_at(file: int, path: Path) -> bool:
    """Tell whether an open file is still the one at a path: who had it before us may have finished and moved it."""
    with suppress(OSError):
        there, ours = path.stat(), os.fstat(file)
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
    return False


def _identity(value: object) -> Identity:
    try:
        return Identity(**value) if isinstance(value, dict) else Identity("", 0)
    except TypeError:
        return Identity("", 0)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
