"""Signs of life, and an end when the client goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from starlette.types import Message

from viewcomfy.server.streams import PIECE, Sender, while_connected, with_heartbeat

pytestmark = pytest.mark.anyio


class Wire:
    """Both ends of a request: what was sent, and a client that stays until it is told to leave."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}


async def test_nothing_is_sent_before_the_first_write() -> None:
    wire = Wire()
    out = Sender(wire.send, 201, {"X-Prompt-Id": "1"})
    assert not out.started
    assert wire.sent == []
    await out.write(b"a")
    assert wire.sent[0] == {"type": "http.response.start", "status": 201, "headers": [(b"x-prompt-id", b"1")]}


async def test_chunks_are_gathered_and_the_last_message_ends_the_answer() -> None:
    async def many() -> AsyncIterator[bytes]:
        for _ in range(3000):
            yield b"x" * 100

    wire = Wire()
    await Sender(wire.send, 200, {}).pour(many())
    bodies = [message for message in wire.sent if message["type"] == "http.response.body"]
    assert sum(len(body["body"]) for body in bodies) == 300_000
    assert max(len(body["body"]) for body in bodies) < PIECE + 100
    assert [body["more_body"] for body in bodies] == [True] * (len(bodies) - 1) + [False]


async def test_work_that_ends_first_is_finished() -> None:
    async def work() -> None:
        await asyncio.sleep(0)

    assert await while_connected(Wire().receive, work())


async def test_a_client_that_leaves_ends_the_work() -> None:
    wire = Wire()
    ended = False

    async def work() -> None:
        nonlocal ended
        wire.left.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended = True

    assert not await while_connected(wire.receive, work())
    assert ended


async def test_a_fault_of_the_work_comes_through() -> None:
    async def work() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await while_connected(Wire().receive, work())


async def test_silence_is_told_and_nothing_is_lost() -> None:
    spoke = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        yield 1
        await spoke.wait()
        yield 2

    heard: list[int | None] = []
    async with aclosing(with_heartbeat(source(), 0.01)) as beats:
        async for item in beats:
            heard.append(item)
            if heard.count(None) == 3:
                spoke.set()
    assert heard[0] == 1
    assert heard[-1] == 2
    assert heard[1:-1] == [None] * (len(heard) - 2)
    assert len(heard) >= 5


async def test_leaving_early_closes_the_source() -> None:
    closed = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.get_running_loop().create_future()
        finally:
            closed.set()

    async with aclosing(with_heartbeat(source(), 0.01)) as beats:
        assert [await anext(beats), await anext(beats)] == [1, None]
    assert closed.is_set()
