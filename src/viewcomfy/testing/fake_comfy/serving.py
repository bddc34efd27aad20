"""A fake on a real port, which can crash and come back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn

from viewcomfy.testing.fake_comfy.fake import FakeComfy

KEEP_ALIVE_SECONDS = 3600
SETTLE_SECONDS = 5.0
"""How long handlers get to end by themselves after a crash, before they are cancelled."""


class ServedFake(FakeComfy):
    """A fake that answers at `url`; made by `run_fake_comfy`."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.host = host
        self.port = port
        self._listener: _Listener | None = None
        self._closed: list[_Listener] = []

    @property
    def url(self) -> str:
        """Where it answers, through all restarts."""
        return f"http://{self.host}:{self.port}"

    async def restart(self) -> None:
        """Answer again at the same port after a crash, with an empty memory; raise OSError if the port is taken."""
        if self._listener is not None:
            return
        await self._settle()
        self._listener = _Listener(self, self.host, self.port)
        self.port = self._listener.port
        if "--port" in self.argv:
            self.argv[self.argv.index("--port") + 1] = str(self.port)
        await self._listener.open()

    async def crash(self) -> None:
        """Be gone as a killed process: connections are reset, new ones refused, everything is forgotten."""
        self._drop_everything()
        await self._settle()

    def drop_sockets(self) -> None:
        """Cut every websocket without a word; the server goes on."""
        if self._listener is not None:
            self._listener.cut(websockets_only=True)

    def exit_process(self, _code: int, /) -> None:
        """Crash, as a node asked for."""
        self._drop_everything()

    def _drop_everything(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
            self._closed.append(listener)
        self.lose_memory()

    async def _settle(self) -> None:
        """Wait for what a crash left behind: a file that a handler still holds open would outlive the event loop."""
        while self._closed:
            await self._closed.pop().settle()


@contextlib.asynccontextmanager
async def run_fake_comfy(**options: Any) -> AsyncIterator[ServedFake]:
    """Serve a fake on a free loopback port of the running event loop; the options are those of `FakeComfy`."""
    fake = ServedFake(**options)
    async with fake.running():
        await fake.restart()
        try:
            yield fake
        finally:
            await fake.crash()


class _Listener:
    """One life of the server at a port that is held from the first moment."""

    def __init__(self, fake: FakeComfy, host: str, port: int) -> None:
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)  # asyncio switches the 40 ms of Nagle off only where it reads TCP
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            fake.asgi,
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="websockets-sansio",
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Accept connections from now on."""
        self._socket.listen(2048)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        await self._server.opened.wait()

    def close(self) -> None:
        """Refuse connections from now on and reset those that there are."""
        for server in self._server.servers:
            server.close()
        self.cut(websockets_only=False)
        if self._task is not None:
            self._task.cancel()

    async def settle(self) -> None:
        """Return once nothing of this life runs any more."""
        tasks = {*self._server.server_state.tasks, *([self._task] if self._task else [])}
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=SETTLE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self, *, websockets_only: bool) -> None:
        """Reset connections."""
        for connection in list(self._server.server_state.connections):
            if not websockets_only or isinstance(connection, _websocket_class(self._server.config)):
                connection.transport.abort()


class _QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone and says when it is open."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.opened = asyncio.Event()
        self.servers = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.opened.set()


def _websocket_class(config: uvicorn.Config) -> type:
    kind = config.ws_protocol_class
    return kind if isinstance(kind, type) else type(None)
