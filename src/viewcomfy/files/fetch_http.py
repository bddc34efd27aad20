"""A download of one file by HTTP, from public addresses only."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from viewcomfy.core.errors import FetchFailed, TooLarge
from viewcomfy.files.draft import Draft
from viewcomfy.files.faults import disk_fault
from viewcomfy.files.fetch_addresses import Resolve
from viewcomfy.files.fetch_limits import SETTING, FetchLimits
from viewcomfy.files.fetch_url import FetchUrl

BLOCK = 512 * 1024
"""The most bytes that are gathered before they are written."""
CONNECT_SECONDS = 10.0
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "viewcomfy"}


class _NotPublic(OSError):
    """An address is not one of the public internet."""


class HttpDownload:
    """Fetch files by HTTP: every redirect and every address is checked, and the connection goes to what was checked."""

    def __init__(self, limits: FetchLimits, resolve: Resolve, is_public: Callable[[str], bool], tls: ssl.SSLContext | None) -> None:
        self._limits = limits
        self._resolve = resolve
        self._is_public = is_public
        self._tls = tls

    async def save(self, url: FetchUrl, draft: Draft) -> int:
        """Write what the URL gives to a draft; return its number of bytes. Raises FetchFailed, TooLarge, DiskFull or TimeoutError."""
        self.check(url)
        at = [url]
        try:
            async with self._session() as session:
                return await self._follow(session, at, draft)
        except aiohttp.ClientError as fault:
            reason = _reason(fault)
        except TimeoutError:  # an OSError, too
            raise
        except (OSError, UnicodeError):
            reason = "the connection broke"
        # raised out here, where the fault is not its context: what aiohttp says may repeat the URL with its secrets
        raise FetchFailed(f"The file could not be fetched from {at[-1].origin}: {reason}.")

    def check(self, url: FetchUrl) -> None:
        """Raise FetchFailed unless the URL is one of those that are allowed."""
        if not self._limits.allows(url.scheme, url.host, url.port):
            raise FetchFailed(
                f"This server does not fetch files from {url.origin}, or not from this port.",
                hint=f"Send the file itself; whoever runs the server can allow the host with {SETTING}.",
            )

    def _session(self) -> aiohttp.ClientSession:
        """Make a session that keeps nothing: no cookies, no connections, nothing from the environment."""
        connector = aiohttp.TCPConnector(
            resolver=_CheckedResolver(self._resolve, self._is_public),
            socket_factory=self._socket,
            use_dns_cache=False,
            force_close=True,
            ssl=self._tls or True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            auto_decompress=False,
            trust_env=False,
            read_bufsize=BLOCK // 2,
        )

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket of a connection; the address that it goes to is looked at once more, whoever has found it."""
        family, kind, protocol, _, address = info
        if not self._is_public(str(address[0])):
            raise _NotPublic
        return socket.socket(family, kind, protocol)

    async def _follow(self, session: aiohttp.ClientSession, at: list[FetchUrl], draft: Draft) -> int:
        for _ in range(self._limits.redirects + 1):
            url = at[-1]
            target = URL.build(scheme=url.scheme, host=url.host, port=url.port, path=url.path, query_string=url.query, encoded=True)
            async with session.get(target, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await self._save(response, url, draft)
                at.append(self._redirect(url, response.headers.get("Location")))
        raise FetchFailed(f"{at[0].origin} redirects more than {self._limits.redirects} times.")

    def _redirect(self, url: FetchUrl, location: str | None) -> FetchUrl:
        if not location:
            raise FetchFailed(f"{url.origin} redirects without saying where to.")
        target = url.joined(location)
        if url.scheme == "https" and target.scheme == "http":
            raise FetchFailed(f"{url.origin} redirects to http, which is not encrypted.")
        self.check(target)
        return target

    async def _save(self, response: aiohttp.ClientResponse, url: FetchUrl, draft: Draft) -> int:
        if response.status != 200:
            raise FetchFailed(f"{url.origin} answered {response.status} instead of the file.", hint="Open the URL in a browser to see why.")
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise FetchFailed(f"{url.origin} sends the file compressed, although it was asked not to.")
        if response.content_length is not None and response.content_length > self._limits.max_bytes:
            raise self._too_large(url)
        size, gathered = 0, 0
        pending: list[bytes] = []
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._limits.max_bytes:
                raise self._too_large(url)
            pending.append(chunk)
            gathered += len(chunk)
            if gathered >= BLOCK:
                await _write(draft, pending)
                pending, gathered = [], 0
        await _write(draft, pending)
        return size

    def _too_large(self, url: FetchUrl) -> TooLarge:
        return TooLarge(f"The file from {url.origin} is larger than the {self._limits.max_bytes:,} bytes that are allowed.")


class _CheckedResolver(AbstractResolver):
    """Hand a host's addresses on when every one of them is public: one that is not is a trick or a mistake."""

    def __init__(self, resolve: Resolve, is_public: Callable[[str], bool]) -> None:
        self._resolve = resolve
        self._is_public = is_public

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        addresses = await self._resolve(host, port)
        if not addresses or not all(self._is_public(address) for address in addresses):
            raise _NotPublic
        return [_resolved(host, port, address) for address in addresses if _family(address) == family or family == socket.AF_UNSPEC]

    async def close(self) -> None:
        """Nothing is kept open."""


def _resolved(host: str, port: int, address: str) -> ResolveResult:
    return ResolveResult(hostname=host, host=address, port=port, family=_family(address), proto=0, flags=socket.AI_NUMERICHOST)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6


async def _write(draft: Draft, pending: list[bytes]) -> None:
    try:
        await asyncio.to_thread(draft.write, pending)
    except OSError as fault:
        raise disk_fault(fault) from fault


def _reason(fault: aiohttp.ClientError) -> str:
    """Say what happened in our own words. A host without an address reads like one with a private address: callers learn nothing."""
    if isinstance(fault, aiohttp.ClientConnectorDNSError) or isinstance(fault.__cause__, _NotPublic):
        return "it has no public address"
    if isinstance(fault, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return "its certificate is not one that can be trusted"
    if isinstance(fault, aiohttp.ClientConnectorError):
        return "no connection could be made"
    if isinstance(fault, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return "the connection ended before the file did"
    return "the connection broke, or the answer was not HTTP"
