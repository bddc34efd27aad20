"""What a server says of a file before it is fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass

from viewcomfy.core.model_urls import without_secrets
from viewcomfy.models.partial import Identity

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class Range:
    """Which bytes an answer has, the last included, of how many; None: not said."""

    first: int
    last: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Remote:
    """A file behind a URL, with its first bytes. `size` None: not said. `ranges`: its parts can be asked for.

    `sha256` is what its bytes must come to, as far as the server or whoever wants it has said.
    `name` is what the file is called there, `host` who sends the bytes in the end.
    """

    url: str
    size: int | None
    ranges: bool
    etag: str
    modified: str
    sha256: str
    head: bytes
    content_type: str
    name: str
    host: str

    def identity(self) -> Identity:
        """Return what must be the same for bytes to be of this file."""
        return Identity(without_secrets(self.url), self.size or 0, self.etag, self.modified, self.sha256)


def read_range(header: str | None) -> Range | None:
    """Return what a Content-Range header says, None where it can't be understood."""
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or int(match[1]) > int(match[2]):
        return None
    return Range(int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3]))
