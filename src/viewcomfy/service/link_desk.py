"""The linker makes the links by which a worker gets the files of the job that it runs and hands in what that made."""

from __future__ import annotations

from viewcomfy.core.errors import KeyNotAllowed
from viewcomfy.core.outputs import content_type_of
from viewcomfy.files.base import Files
from viewcomfy.files.keys import key_parts
from viewcomfy.service.links import FileLink, Links, WriteLink

SECONDS = 120.0
"""How long such a link works: a worker asks for one right before it uses it, and once more where that was too late."""
READ, WRITE = "GET", "PUT"


class Linker:
    """Makes links for workers. Who may have which is for the engine to say: it knows who runs what.

    `url` is where workers reach the server. With `direct` a link leads to the store of files itself, where that can sign links: the
    limit of `max_bytes`, and that nothing is written twice, are kept by the server only.
    """

    def __init__(self, *, links: Links, files: Files, url: str, max_bytes: int, direct: bool = False) -> None:
        self._links = links
        self._files = files
        self._url = url.rstrip("/")
        self._max_bytes = max_bytes
        self._direct = direct

    async def url(self, file_key: str, verb: str) -> str:
        """Return the URL of a file for one verb, to somebody who is known to be allowed it. Raises KeyNotAllowed, InvalidName."""
        key_parts(file_key)
        if verb not in (READ, WRITE):
            raise KeyNotAllowed(f"There are no links for {verb[:20]!r}.")
        return (await self._files.sign(file_key, verb, SECONDS) if self._direct else None) or self._ours(file_key, verb)

    def _ours(self, file_key: str, verb: str) -> str:
        if verb == WRITE:
            token = self._links.sign_write(WriteLink(file_key, self._max_bytes), SECONDS)
        else:
            filename = file_key.rpartition("/")[2]
            token, _ = self._links.sign(FileLink(file_key, filename, content_type_of(filename)), SECONDS)
        return f"{self._url}/files/{token}"
