"""Signed links: URLs of single files that work without headers until they expire, to read one or to write one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from viewcomfy.core.errors import LinkInvalid
from viewcomfy.core.outputs import Output

_FRESH = "Fetch the job again for a fresh link."
_ASK = "A worker asks for a fresh link for each file that it stores."


@dataclass(frozen=True, slots=True)
class FileLink:
    """What a link to read leads to."""

    file_key: str
    filename: str
    content_type: str


@dataclass(frozen=True, slots=True)
class WriteLink:
    """What a link to write lets in: bytes for one key, at most `max_bytes` of them."""

    file_key: str
    max_bytes: int


class Links:
    """Sign and open links with a secret of the installation, so that any of its servers opens them. A link to read can't write."""

    def __init__(self, secret: str, seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._reading = URLSafeSerializer(secret, salt="viewcomfy.files")
        self._writing = URLSafeSerializer(secret, salt="viewcomfy.files.write")
        self._seconds = seconds
        self._clock = clock

    def sign(self, file: FileLink | Output, seconds: float | None = None) -> tuple[str, float]:
        """Return the token of a link to read a file and the Unix time at which it expires: the usual one, or in so many seconds."""
        expires_at = self._expiry(self._seconds if seconds is None else seconds)
        token = self._reading.dumps([file.file_key, file.filename, file.content_type, expires_at])
        return str(token), float(expires_at)

    def sign_write(self, link: WriteLink, seconds: float) -> str:
        """Return the token of a link to write a file; it expires in so many seconds, before which the writing must begin."""
        return str(self._writing.dumps([link.file_key, link.max_bytes, self._expiry(seconds)]))

    def open(self, token: str) -> FileLink:
        """Return what a token to read leads to; raise LinkInvalid when it is forged, damaged or expired."""
        file_key, filename, content_type = self._opened(self._reading, token, 3, _FRESH)
        return FileLink(file_key, filename, content_type)

    def open_write(self, token: str) -> WriteLink:
        """Return what a token to write lets in; raise LinkInvalid when it is forged, damaged or expired, or one to read."""
        file_key, max_bytes = self._opened(self._writing, token, 2, _ASK)
        return WriteLink(file_key, max_bytes)

    def _expiry(self, seconds: float) -> int:
        return int(self._clock() + seconds)

    def _opened(self, serializer: URLSafeSerializer, token: str, fields: int, hint: str) -> list[Any]:
        """Return the fields of a token without its time."""
        try:
            opened: list[Any] = serializer.loads(token)
            *found, expires_at = opened
        except (BadData, ValueError, TypeError) as fault:
            raise LinkInvalid("This link is not one of ours, or was damaged.", hint=hint) from fault
        if len(found) != fields:
            raise LinkInvalid("This link is not one of ours, or was damaged.", hint=hint)
        if expires_at < self._clock():
            raise LinkInvalid("This link has expired.", hint=hint)
        return found
