"""A download fetches the missing bytes of a partial, in parts side by side, and goes on where a connection broke."""

from __future__ import annotations

import errno
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.core.errors import DiskFull, FetchFailed, JobCanceled, ViewComfyError
from viewcomfy.models.partial import Partial
from viewcomfy.models.remote import Remote, read_range
from viewcomfy.models.spans import Span, divide, missing, received
from viewcomfy.models.web import Interrupted, Web

MIB = 1024 * 1024
SPARE = 256 * MIB
"""How much of a disk is left free."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a file is fetched: in so many parts of so many bytes at least.

    A part that breaks is asked for again after a pause that doubles from `pause` to `longest` seconds, until it has failed `tries` times
    without one more byte.
    """

    parts: int = 4
    least: int = 16 * MIB
    tries: int = 6
    pause: float = 0.5
    longest: float = 15.0
    note_seconds: float = 2.0
    tell_seconds: float = 0.2


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has come: `size` is None where nobody knows it; `stage` is fetching, checking or waiting (for another process)."""

    received: int
    size: int | None
    stage: str = "fetching"


Report = Callable[[Progress], None]


class Changed(Exception):
    """What comes is not of the file that was begun with, or its parts can't be asked for after all."""


class Download:
    """Fetch one file into a partial. `stopped` is asked again and again whether to give up."""

    def __init__(self, web: Web, remote: Remote, partial: Partial, *, pace: Pace, report: Report, stopped: Callable[[], bool]) -> None:
        self._web = web
        self._remote = remote
        self._partial = partial
        self._pace = pace
        self._report = report
        self._stopped = stopped
        self._spans: list[Span] = []
        self._fault: Exception | None = None
        self._over = threading.Event()

    def run(self) -> None:
        """Return when every byte is there; what is there when it fails is kept for the next attempt.

        Raises FetchFailed, DiskFull, JobCanceled when it was stopped, and Changed.
        """
        remote, identity = self._remote, self._remote.identity()
        spans = self._partial.resume(identity) if remote.ranges else None
        if spans is None:
            joinable = remote.ranges and identity.is_certain
            spans = divide(remote.size, self._pace.parts, self._pace.least) if joinable and remote.size else [Span(0, remote.size, 0)]
            self._partial.begin(identity, spans)
        self._spans = spans
        check_space(self._partial.part.parent, missing(spans))
        self._fetch([span for span in spans if not span.is_done])
        self._partial.trim(received(spans))

    def _fetch(self, spans: list[Span]) -> None:
        threads = [threading.Thread(target=self._part, args=(span,), daemon=True) for span in spans]
        for thread in threads:
            thread.start()
        noted = time.monotonic()
        try:
            while any(thread.is_alive() for thread in threads) and self._fault is None:
                self._report(self._progress())
                if self._stopped():
                    raise JobCanceled("The download was stopped.", hint="Begun again, it goes on where it stopped.")
                if time.monotonic() - noted >= self._pace.note_seconds:
                    self._partial.note()
                    noted = time.monotonic()
                for thread in threads:
                    thread.join(self._pace.tell_seconds / len(threads))
        finally:
            self._over.set()  # a part that still waits for its server ends by itself, and writes nothing any more
            self._partial.note()
        self._report(self._progress())
        if self._fault is not None:
            raise self._fault

    def _progress(self) -> Progress:
        return Progress(received(self._spans), self._remote.size)

    def _part(self, span: Span) -> None:
        try:
            self._complete(span)
        except OSError as fault:
            self._fail(_disk_fault(fault))
        except (ViewComfyError, Changed) as fault:
            self._fail(fault)
        except Exception as fault:  # it is raised where somebody waits for it
            self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        self._fault = self._fault or fault

    def _complete(self, span: Span) -> None:
        failures = 0
        while not span.is_done and not self._over.is_set():
            before = span.at
            try:
                self._stream(span)
            except Interrupted as fault:
                can_join = self._remote.ranges
                failures = 0 if span.at > before and can_join else failures + 1
                if failures >= self._pace.tries:
                    raise FetchFailed(f"The file could not be fetched: {fault}.", hint="Try again: it goes on where it stopped.") from None
                if not can_join:
                    span.at = span.start
                self._over.wait(max(fault.wait, min(self._pace.longest, self._pace.pause * 2 ** max(0, failures - 1))))
            else:
                if span.end is None:
                    span.end = span.at

    def _stream(self, span: Span) -> None:
        remote = self._remote
        last = span.end - 1 if span.end is not None and remote.ranges else None
        with self._web.get(remote.url, span.at, last, etag=remote.etag) as answer:
            if answer.status_code == 206:
                self._check_part(answer.headers.get("content-range"), answer.headers.get("etag", ""), span)
            elif span.at:
                raise Changed
            for chunk in self._web.chunks(answer):
                if self._over.is_set():
                    return
                data = chunk if span.end is None else chunk[: span.end - span.at]
                self._partial.write(data, span)
                if span.is_done:
                    return
        if span.end is not None:
            raise Interrupted(f"{remote.host} sent less than it had said")

    def _check_part(self, header: str | None, etag: str, span: Span) -> None:
        part, remote = read_range(header), self._remote
        if part is None or part.first != span.at or part.total not in (None, remote.size):
            raise Changed
        if etag and remote.etag and etag != remote.etag and not remote.sha256:
            raise Changed


def check_space(folder: Path, needed: int, spare: int = SPARE) -> None:
    """Raise DiskFull unless a folder's disk has room for so many bytes more."""
    free = shutil.disk_usage(folder).free
    if needed and needed + spare > free:
        raise DiskFull(
            f"The file needs {needed / 1e9:.1f} GB more, and the disk of {folder} has {free / 1e9:.1f} GB left.",
            hint="Remove models that are not needed: `viewcomfy models list` shows their sizes.",
        )


def _disk_fault(fault: OSError) -> DiskFull | OSError:
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The disk of the models is full.", hint="Free some space, then try again: it goes on where it stopped.")
    return fault
