"""The URL of a file to fetch, taken apart once: what was checked is what is asked for."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from viewcomfy.core.errors import FetchFailed
from viewcomfy.files.fetch_limits import DEFAULT_PORTS, is_host_name

MAX_URL = 8192
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")
_NETLOC = re.compile(r"([^@:\[\]]+)(?::([1-9][0-9]{0,4}))?\Z")
_SAFE = "%!$&'()*+,;=:@/?-._~[]|"
_HINT = "Write it as https://host/path/file.png."


@dataclass(frozen=True, slots=True)
class FetchUrl:
    """The parts of a URL. `host` is a name, in small ASCII letters; `path` and `query` are encoded and hold the caller's secrets."""

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    query: str = field(repr=False)

    @property
    def origin(self) -> str:
        """The scheme and the host: all of a URL that may be shown or logged."""
        return f"{self.scheme}://{self.host[:100]}"

    @property
    def last_name(self) -> str:
        """The last part of the path, decoded, or nothing."""
        return unquote(self.path.rpartition("/")[2])

    @classmethod
    def parse(cls, text: str) -> FetchUrl:
        """Take a URL apart; raise FetchFailed, which does not repeat it, for one that is odd in any way."""
        if len(text) > MAX_URL:
            raise FetchFailed(f"A URL is longer than {MAX_URL:,} characters.")
        if _FORBIDDEN.search(text.strip()):
            raise FetchFailed("A URL holds a backslash or a control character.", hint=_HINT)
        parts = _split(text.strip())
        if parts.scheme not in DEFAULT_PORTS:
            raise FetchFailed("Files are fetched from https URLs only.", hint=_HINT)
        if "@" in parts.netloc:
            raise FetchFailed("A URL may hold no user name or password.", hint="Sign the URL instead, or send the file itself.")
        host, port = _host_and_port(parts.netloc)
        return cls(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], parts.path or "/", parts.query)

    def joined(self, location: str) -> FetchUrl:
        """Return where a redirect leads to; raise FetchFailed as `parse` does."""
        with suppress(ValueError):
            return self.parse(urljoin(f"{self.scheme}://{self.host}:{self.port}{self.path}", location.strip()))
        raise FetchFailed(f"{self.origin} redirects to a URL that can't be read.")


def _split(text: str) -> SplitResult:
    """Split a URL, its path and query encoded where they were not."""
    with suppress(ValueError):  # raised again below, out of its context: what it says repeats parts of the URL
        parts = urlsplit(text)
        return parts._replace(path=quote(parts.path, safe=_SAFE), query=quote(parts.query, safe=_SAFE))
    raise FetchFailed("A URL can't be read.", hint=_HINT)


def _host_and_port(netloc: str) -> tuple[str, int | None]:
    """Return the host in the one form that is checked and asked for, and the port if there is one."""
    match = _NETLOC.match(netloc)
    host = match[1] if match else ""
    host = host.lower() if host.isascii() else _punycode(host)
    port = int(match[2]) if match and match[2] else None
    if not is_host_name(host) or (port or 0) > 65535:
        raise FetchFailed("A URL must name its host: no address, no dot at the end, nothing odd around it.", hint=_HINT)
    return host, port


def _punycode(host: str) -> str:
    import idna  # noqa: PLC0415 - 10 ms and 2 MB that few servers ever need

    try:
        return idna.encode(host, uts46=True).decode().lower()
    except UnicodeError:  # idna's own errors are among them
        return ""
