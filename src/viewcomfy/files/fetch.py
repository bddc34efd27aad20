"""A fetcher brings a file that a caller named by URL onto this machine's disk, and lets nobody look into the network behind it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from viewcomfy.core.errors import FetchFailed
from viewcomfy.core.outputs import CONTENT_TYPES, content_type_of, safe_filename
from viewcomfy.files import fetch_addresses
from viewcomfy.files.draft import Draft
from viewcomfy.files.faults import disk_fault
from viewcomfy.files.fetch_limits import SETTING, FetchLimits
from viewcomfy.files.fetch_url import FetchUrl
from viewcomfy.files.sniff import UNKNOWN, sniff

if TYPE_CHECKING:
    from viewcomfy.files.fetch_http import HttpDownload


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched: `content_type` is what its bytes show, `size` in bytes, `filename` bare and safe."""

    content_type: str
    size: int
    filename: str


class Fetcher:
    """Fetch files from the URLs that the limits allow.

    `resolve`, `is_public` and `tls` are for tests and for networks of one's own: how hosts are looked up, which addresses may
    be connected to, and whom to trust.
    """

    def __init__(
        self,
        limits: FetchLimits,
        *,
        resolve: fetch_addresses.Resolve = fetch_addresses.resolve,
        is_public: Callable[[str], bool] = fetch_addresses.is_public,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._options = (resolve, is_public, tls)
        self._made: HttpDownload | None = None

    async def fetch(self, url: str, path: Path) -> Fetched:
        """Write the file behind a URL to a path, which is there only when all of the file is.

        Raises FetchFailed for a URL that is not allowed, leads to a place that is not, or does not give a file in time; TooLarge; DiskFull.
        No message repeats more of the URL than its scheme and host.
        """
        self._check_enabled()
        source = FetchUrl.parse(url)
        draft = Draft(path.parent)
        try:
            size = await self._download(source, draft)
            return await asyncio.to_thread(_finish, draft, source, path, size)
        except OSError as fault:
            raise disk_fault(fault) from fault
        finally:
            await asyncio.shield(asyncio.to_thread(draft.abandon))

    def _check_enabled(self) -> None:
        if not self._limits.allowed:
            raise FetchFailed(
                "This server does not fetch files from URLs.",
                hint=f"Send the file itself; whoever runs the server can allow hosts with {SETTING}.",
            )

    async def _download(self, source: FetchUrl, draft: Draft) -> int:
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._http.save(source, draft)
        except TimeoutError:
            pass
        raise FetchFailed(f"The file from {source.origin} did not come within {self._limits.seconds:g} seconds.")

    @property
    def _http(self) -> HttpDownload:
        if self._made is None:
            from viewcomfy.files.fetch_http import HttpDownload  # noqa: PLC0415 - a tenth of a second, and few servers fetch

            self._made = HttpDownload(self._limits, *self._options)
        return self._made


def _finish(draft: Draft, source: FetchUrl, path: Path, size: int) -> Fetched:
    if not size:
        raise FetchFailed(f"The file from {source.origin} is empty.")
    draft.finish(path)
    content_type = sniff(path) or UNKNOWN
    return Fetched(content_type, size, _filename(source.last_name, content_type))


def _filename(name: str, content_type: str) -> str:
    """Return the name that the URL ends with, with a suffix of its type where it has none that means anything."""
    filename = safe_filename(name)
    if content_type == UNKNOWN or content_type_of(filename) != UNKNOWN:
        return filename
    return filename + next((suffix for suffix, known in CONTENT_TYPES.items() if known == content_type), "")
