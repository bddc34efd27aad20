"""A web site of the tests' own: raw bytes over TLS or plain sockets, so that it can misbehave as it likes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
PUBLIC = "127.0.0.1"
"""Where the sites of the tests listen; the fetcher under test is told that it is public."""
PRIVATE = "127.0.0.2"


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> Answer:
    """Answer with a body and headers (`content_type="image/png"`), its length among them unless it is given."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    head = {"content-length": str(len(body)), **named}
    text = "".join(f"{name}: {value}\r\n" for name, value in head.items())

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\n{text}\r\n".encode() + body)

    return write


def redirect(location: str, status: str = "302 Found") -> Answer:
    return answer(status=status, location=location)


@dataclass
class Site:
    """One server: `pages` by path, `requests` as they came, `connections` counted."""

    port: int = 0
    pages: dict[str, Answer] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.requests.append(request)
            page = self.pages.get(request.split(" ")[1].partition("?")[0], answer(status="404 Not Found"))
            await page(writer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def open_site(tls: ssl.SSLContext | None) -> AsyncIterator[Site]:
    """Start a site on a free port."""
    site = Site()
    server = await asyncio.start_server(site.serve, PUBLIC, 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()


@dataclass
class Dns:
    """Answers look-ups: each in turn, the last one for ever; hosts without a line do not exist."""

    answers: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("no such host")
        left = self.answers[host]
        return left.pop(0) if len(left) > 1 else left[0]
