"""Serving: an opened server on a socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn

from viewcomfy.cli.assemble import OpenServer, open_server
from viewcomfy.cli.process import Told, first_of
from viewcomfy.core.errors import BadInput, PortTaken
from viewcomfy.settings import Settings

KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than proxies keep theirs (60), so that none of them uses one that we close."""
FLUSH_SECONDS = 2
"""Seconds that answers get to go out once no job runs any more."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers at `url`."""

    url: str
    opened: OpenServer


@asynccontextmanager
async def running_server(settings: Settings, told: Told) -> AsyncIterator[Running]:
    """Serve while the context lasts; at its end running jobs and their callers get the grace, unless told twice.

    Raises PortTaken, BadInput for an address that is not ours, and what `open_server` raises.
    """
    with listening(settings.host, settings.port) as listener:
        url = settings.public_url or local_url(settings.host, listener.getsockname()[1])
        async with open_server(settings, url) as opened, asyncio.TaskGroup() as tasks:
            server = Server(opened)
            serving = tasks.create_task(server.serve([listener]))
            await first_of(server.answers.wait(), asyncio.wait([serving]))
            try:
                yield Running(url.rstrip("/"), opened)
            finally:
                await first_of(opened.stop_working(settings.shutdown_grace), told.twice.wait())
                if told.twice.is_set():
                    await opened.stop_working(0)
                server.force_exit = told.twice.is_set()
                server.should_exit = True


class Server(uvicorn.Server):
    """uvicorn's server, with signals left to us and an event for the moment it answers."""

    def __init__(self, opened: OpenServer) -> None:
        super().__init__(
            uvicorn.Config(
                opened.app,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=FLUSH_SECONDS,
            )
        )
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again while jobs, store and backends are still open."""
        yield


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open the listening socket; raise PortTaken or BadInput."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except socket.gaierror as fault:
        raise BadInput(f"{host!r} is not an address of this machine.", hint="--host 127.0.0.1 serves this machine, 0.0.0.0 all.") from fault
    except OSError as fault:
        raise _cannot_listen(fault, host, port) from fault
    with listener:
        yield listener


def _cannot_listen(fault: OSError, host: str, port: int) -> PortTaken | BadInput:
    if fault.errno == errno.EADDRINUSE:
        return PortTaken(f"Another program listens on {host} port {port}.", hint="Choose another with --port; --port 0 takes a free one.")
    if fault.errno == errno.EACCES:
        return BadInput(f"Port {port} is reserved for the system.", hint="Choose one above 1023 with --port.")
    return BadInput(
        f"{host} port {port} cannot be listened on: {fault.strerror}.", hint="--host 127.0.0.1 serves this machine, 0.0.0.0 all."
    )


def local_url(host: str, port: int) -> str:
    """Return the URL at which this machine reaches a server that listens there."""
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
