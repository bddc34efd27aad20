"""Signed links: the URL of an output or an upload that works without headers until it expires."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from viewcomfy.core.errors import LinkInvalid
from viewcomfy.core.outputs import Output


@dataclass(frozen=True, slots=True)
class FileLink:
    """What a link leads to."""

    file_key: str
    filename: str
    content_type: str


class Links:
    """Sign and open links with a secret of the installation."""

    def __init__(self, secret: str, seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._serializer = URLSafeSerializer(secret, salt="viewcomfy.files")
        self._seconds = seconds
        self._clock = clock

    def sign(self, file: FileLink | Output) -> tuple[str, float]:
        """Return the token of a link to a file and the Unix time at which it expires."""
        expires_at = float(int(self._clock() + self._seconds))
        token = self._serializer.dumps([file.file_key, file.filename, file.content_type, int(expires_at)])
        return str(token), expires_at

    def open(self, token: str) -> FileLink:
        """Return what a token leads to; raise LinkInvalid when it is forged, damaged or expired."""
        try:
            file_key, filename, content_type, expires_at = self._serializer.loads(token)
        except (BadData, ValueError, TypeError) as fault:
            raise LinkInvalid("This link is not one of ours, or was damaged.", hint="Fetch the job again for a fresh link.") from fault
        if expires_at < self._clock():
            raise LinkInvalid("This link has expired.", hint="Fetch the job again for a fresh link.")
        return FileLink(file_key, filename, content_type)
