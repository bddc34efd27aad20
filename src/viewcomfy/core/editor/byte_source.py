"""A byte source gives pieces of a file that may be large, damaged or hostile: never more than is asked for, never an error."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

LARGEST_TEXT = 32 * 1024 * 1024
"""The most bytes of one text; what is larger is passed over."""
MOST_PARTS = 100_000
"""After so many chunks, boxes, pages or entries nothing more is looked for."""
NAMES = frozenset({"prompt", "workflow", "comment"})
"""The names of texts that can hold a workflow; `comment` is one that holds both."""


class Text(NamedTuple):
    """A named text of a file; `value` is as it stands there, cut off where the file is."""

    name: str
    value: str


class ByteSource:
    """The bytes of a file by their place."""

    def __init__(self, data: bytes | BinaryIO) -> None:
        self._file = io.BytesIO(data) if isinstance(data, bytes) else data
        self.size = self._file.seek(0, io.SEEK_END)

    def at(self, start: int, length: int) -> bytes:
        """Return the bytes from `start` on, fewer than `length` where the file ends before."""
        if not 0 <= start < self.size:
            return b""
        self._file.seek(start)
        return self._file.read(max(0, min(length, self.size - start, LARGEST_TEXT)))

    def number(self, start: int, length: int = 4) -> int:
        """Return the unsigned big-endian number there, 0 after the end."""
        return int.from_bytes(self.at(start, length), "big")


Reader = Callable[[ByteSource], Iterator[Text]]


def is_wanted(name: str) -> bool:
    """Tell whether a text of this name may hold a workflow; formats differ in how they write it."""
    return name.lower() in NAMES


def as_text(data: bytes) -> str:
    """Decode what should be UTF-8, without the zeros that end it."""
    data = data.rstrip(b"\0")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
