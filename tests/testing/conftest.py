"""One caller of one fake: HTTP, a socket, and the short ways to queue a workflow and hear what becomes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from viewcomfy.testing.fake_comfy import ServedFake, run_fake_comfy

Message = dict[str, Any]


@pytest.fixture
async def fake() -> AsyncIterator[ServedFake]:
    async with run_fake_comfy() as served:
        yield served


@pytest.fixture
async def http(fake: ServedFake) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=fake.url, trust_env=False) as client:
        yield client


@pytest.fixture
async def socket(fake: ServedFake) -> AsyncIterator[ClientConnection]:
    async with connect(f"{fake.url.replace('http', 'ws', 1)}/ws?clientId=tester", proxy=None) as connection:
        assert json.loads(await connection.recv())["data"]["sid"] == "tester"
        yield connection


@pytest.fixture
def hear(socket: ClientConnection) -> Callable[..., Awaitable[list[Message]]]:
    """Return the messages up to the one that is `until`, by default the last of a job; a binary one as `{"type": kind, "frame": bytes}`."""

    async def listen(until: Callable[[Message], bool] = _ends_a_job) -> list[Message]:
        heard: list[Message] = []
        async with asyncio.timeout(10):
            while not heard or not until(heard[-1]):
                frame = await socket.recv()
                heard.append({"type": frame[3], "frame": frame[4:]} if isinstance(frame, bytes) else json.loads(frame))
        return heard

    return listen


@pytest.fixture
def submit(http: httpx2.AsyncClient) -> Callable[..., Awaitable[str]]:
    """Queue a workflow and return its prompt_id."""

    async def queue(workflow: dict[str, Any], **fields: Any) -> str:
        answer = await http.post("/prompt", json={"prompt": workflow, "client_id": "tester", **fields})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["prompt_id"])

    return queue


@pytest.fixture
def run(submit: Callable[..., Awaitable[str]], hear: Callable[..., Awaitable[list[Message]]]) -> Callable[..., Awaitable[list[Message]]]:
    """Queue a workflow and return every message about it."""

    async def submit_and_hear(workflow: dict[str, Any], **fields: Any) -> list[Message]:
        await submit(workflow, **fields)
        return await hear()

    return submit_and_hear


def _ends_a_job(message: Message) -> bool:
    return message["type"] == "executing" and message["data"]["node"] is None
