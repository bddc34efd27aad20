"""What a finished job gives: its graph and its files."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from viewcomfy.client._download import Place
from viewcomfy.core.jobs import JobStatus

Fetch = Callable[[str, BinaryIO], None]
"""Write the bytes of the output with this name into a file."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that a job made: `filename` is bare and unique in its job, `size` in bytes, `url` a signed link for anyone."""

    filename: str
    content_type: str
    size: int
    url: str
    node_id: str
    _fetch: Fetch = field(repr=False, compare=False)

    def read(self) -> bytes:
        """Return its bytes."""
        sink = io.BytesIO()
        self._fetch(self.filename, sink)
        return sink.getvalue()

    def save(self, where: str | os.PathLike[str]) -> Path:
        """Write it to a file and return that file's path; the bytes are streamed, and a download that breaks goes on.

        A path names the file itself and replaces what is there. A folder, or a path that ends with a slash, gets the
        file under its own name, numbered where the name is taken. The file appears only when it is whole.
        """
        return self._put(Place.of(where, self.filename))

    def _put(self, place: Place) -> Path:
        with place.part() as (path, file):
            self._fetch(self.filename, file)
            file.close()  # before it is moved: Windows moves no open file
            return place.put(path)


@dataclass(frozen=True, slots=True)
class Result:
    """A job that succeeded: `prompt` is the graph that ran, `execution_time_seconds` what ComfyUI took for it."""

    prompt_id: str
    status: JobStatus
    execution_time_seconds: float
    prompt: dict[str, Any]
    outputs: list[OutputFile]

    def save(self, folder: str | os.PathLike[str] = ".") -> list[Path]:
        """Write every output into a folder, made if need be, and return their paths; nothing in it is replaced."""
        return [output._put(Place.within(folder, output.filename)) for output in self.outputs]
