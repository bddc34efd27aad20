"""A relay of TCP connections that can break them: between a process and the services that it needs."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

BLOCK = 64 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset."""


class Relay:
    """Listens on a port of `host` and passes every connection on to a port of 127.0.0.1."""

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = 0
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._take, self.host, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        self.reset()

    def reset(self) -> int:
        """Break every connection as a failing network does, by a reset on both sides; return how many there were."""
        writers, self._writers = self._writers, set()
        for writer in writers:
            sock: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            writer.transport.abort()
        return len(writers) // 2

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._writers |= pair
        with suppress(asyncio.CancelledError):  # the end of everything; asyncio's streams would complain
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        self._writers -= pair


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
    with suppress(OSError):
        writer.close()
