"""A road between a client and a server on which connections are cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Road:
    """Passes bytes on. `down` and `up` say after how many bytes from and to the server the next connections are cut, one each."""

    port: int
    url: str = ""
    down: list[int] = field(default_factory=list)
    up: list[int] = field(default_factory=list)
    cuts: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def meet(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        """Pass a connection on until one end of it closes."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        writers, ways = [answer], list[asyncio.Task[None]]()
        try:
            server, send = await asyncio.open_connection("127.0.0.1", self.port)
            writers.append(send)
            ways += [asyncio.create_task(self._pass_on(*way)) for way in ((client, send, self.up), (server, answer, self.down))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for writer in writers:
                writer.transport.abort()
            await asyncio.gather(*ways, *(writer.wait_closed() for writer in writers), return_exceptions=True)
            self.tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, plan: list[int]) -> None:
        left: int | None = None
        while block := await reader.read(65536):
            if left is None and plan and len(block) > 4000:  # a body, not the talk around it
                left = plan.pop(0)
            if left is not None and (left := left - len(block)) <= 0:
                self.cuts += 1
                writer.transport.abort()
                return
            writer.write(block)
            await writer.drain()


@asynccontextmanager
async def rough_road(port: int) -> AsyncIterator[Road]:
    """Listen in front of a port of this machine."""
    road = Road(port)
    listening = await asyncio.start_server(road.meet, "127.0.0.1", 0)
    road.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield road
    finally:
        listening.close()
        tasks = list(road.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()
