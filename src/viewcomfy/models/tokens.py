"""Tokens for the hosts that models come from: each goes to its own host and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from viewcomfy.core.errors import BadInput
from viewcomfy.core.model_urls import CIVITAI, HUGGING_FACE, host_of

VARIABLE = "VIEWCOMFY_MODEL_TOKENS"
_HOST = re.compile(r"[a-z0-9.-]+(:\d+)?")


class Tokens:
    """Hold a token for each host, given as `host` or, for a port of its own, `host:port`; nothing shows them."""

    def __init__(self, by_host: Mapping[str, str] | None = None) -> None:
        self._by_host = {host.lower(): token for host, token in (by_host or {}).items() if token}

    @classmethod
    def gather(cls, hugging_face: str = "", civitai: str = "", others: str = "") -> Tokens:
        """Return those that settings name; `others` are written `host=token,host=token`. Raises BadInput, which repeats no token."""
        found = dict.fromkeys(HUGGING_FACE, hugging_face) | dict.fromkeys(CIVITAI, civitai)
        for entry in filter(None, (part.strip() for part in others.split(","))):
            host, equals, token = entry.partition("=")
            if not equals or not token or not _HOST.fullmatch(host.strip().lower()):
                raise BadInput(f"{VARIABLE} is not understood.", hint="Write it as models.example.com=token,cdn.example.org=token.")
            found[host.strip().lower()] = token.strip()
        return cls(found)

    def headers(self, url: str) -> dict[str, str]:
        """Return the header that a request to this URL carries; none where there is no token, or the way is not encrypted."""
        token = self._by_host.get(host_of(url))
        return {"Authorization": f"Bearer {token}"} if token and _is_private(url) else {}

    def has(self, url: str) -> bool:
        """Tell whether there is a token for the host of a URL."""
        return bool(self._by_host.get(host_of(url)))

    def __repr__(self) -> str:
        return f"Tokens({sorted(self._by_host)})"


def _is_private(url: str) -> bool:
    """Tell whether nobody on the way could read a request: by https, or to this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"
