"""What may be fetched from URLs: which hosts, how many bytes, for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass

from viewcomfy.core.errors import InvalidName

SETTING = "VIEWCOMFY_FETCH_ALLOW"
DEFAULT_PORTS = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_PATTERN = re.compile(r"(?P<host>\*|(?:\*\.)?[^*:]+)(?::(?P<port>[0-9]{1,5}))?\Z")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Where files may be fetched from, and how much of them.

    `allowed` holds patterns: `cdn.example.com` is that host, `*.example.com` every host below it (not itself), `*` every public
    host; `…:8443` allows this port, without one it is 443 for https and 80 for http. None of them: nothing is fetched.
    `seconds` are for a file from the look-up of its host to its last byte, all redirects included. `allow_http` lets URLs
    without encryption in. Raises InvalidName for a pattern that can't match.
    """

    allowed: tuple[str, ...] = ()
    max_bytes: int = 1024 * 1024 * 1024
    seconds: float = 60.0
    redirects: int = 5
    allow_http: bool = False

    def __post_init__(self) -> None:
        for pattern in self.allowed:
            _check_pattern(pattern)

    @classmethod
    def parse(
        cls, text: str, *, max_bytes: int = max_bytes, seconds: float = seconds, redirects: int = redirects, allow_http: bool = False
    ) -> FetchLimits:
        """Read the patterns of a setting, `cdn.example.com, *.example.org`, split by commas or spaces."""
        patterns = dict.fromkeys(text.lower().replace(",", " ").split())
        return cls(tuple(patterns), max_bytes, seconds, redirects, allow_http)

    def allows(self, scheme: str, host: str, port: int) -> bool:
        """Tell whether a host, written as `is_host_name` wants it, may be asked on this port."""
        if scheme == "http" and not self.allow_http:
            return False
        return any(_matches(pattern, host, port, DEFAULT_PORTS.get(scheme)) for pattern in self.allowed)


def is_host_name(host: str) -> bool:
    """Tell whether this is the plain name of a host: small ASCII letters, no dot at its end, not an address in any notation."""
    return bool(_HOST.match(host)) and not _NUMBER.match(host.rpartition(".")[2])


def _check_pattern(pattern: str) -> None:
    match = _PATTERN.match(pattern)
    host, port = (match["host"].removeprefix("*.").removeprefix("*"), match["port"] or "1") if match else ("", "0")
    if match is None or not 0 < int(port) < 65536 or (host and not is_host_name(host)):
        raise InvalidName(
            f"{pattern[:100]!r} can't be a host to fetch files from.",
            hint=f"Write {SETTING} as host names without a scheme, such as: cdn.example.com, *.example.org, files.example.net:8443",
        )


def _matches(pattern: str, host: str, port: int, default_port: int | None) -> bool:
    wanted, _, wanted_port = pattern.partition(":")
    if port != (int(wanted_port) if wanted_port else default_port):
        return False
    if wanted == "*":
        return "." in host  # a bare name is one of the local network: it has to be named
    return host.endswith(wanted[1:]) if wanted.startswith("*.") else host == wanted
