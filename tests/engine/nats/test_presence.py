"""Workers that are there, over NATS: heard of by every server, and forgotten when they are silent."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.engine.kit import until
from tests.engine.nats.news_kit import connected
from tools.services.nats import NatsServer
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.presence import NatsPresence

pytestmark = pytest.mark.anyio

INFO = WorkerInfo("gpu.1/ü", "big pool", ({"name": "b", "state": "idle", "models": ["x" * 100] * 300},), {"gpus": 1})


def seen_from(link: Connection) -> NatsPresence:
    return NatsPresence(link, time.time, mirror=True)


async def test_a_worker_is_heard_of_by_every_server(nats_url: str) -> None:
    async with connected(nats_url) as link, connected(nats_url) as other, seen_from(link) as first, seen_from(other) as second:
        worker = NatsPresence(link, time.time, mirror=False)
        await worker.note(INFO)
        await until(lambda: bool(first.workers() and second.workers()))
        for server in (first, second):
            [info] = server.workers("big pool")
            assert (info.name, info.pool, info.backends, info.facts) == (INFO.name, INFO.pool, INFO.backends, INFO.facts)
            assert server.workers("default") == []
        assert worker.workers() == []


async def test_a_server_that_comes_later_knows_who_is_there(nats_url: str) -> None:
    async with connected(nats_url) as link:
        async with seen_from(link) as server:
            await server.note(INFO)
            await server.note(WorkerInfo("w2", "default"))
            await link.client.flush()
        async with seen_from(link) as later:
            assert [info.name for info in later.workers()] == [INFO.name, "w2"]


async def test_a_silent_worker_is_forgotten_although_nothing_says_so(nats_url: str) -> None:
    now = [1000.0]
    async with connected(nats_url) as link, NatsPresence(link, lambda: now[0], mirror=True) as server:
        await NatsPresence(link, time.time, mirror=False).note(INFO)
        await until(lambda: bool(server.workers()))
        assert server.workers()[0].seen_at == 1000.0
        now[0] += 14
        assert server.workers()
        now[0] += 2
        assert server.workers() == []


async def test_a_worker_speaks_for_itself_and_its_pool(nats_url: str) -> None:
    async with connected(nats_url) as link, seen_from(link) as server:
        subject = f"$KV.{link.namespace}-workers.default."
        await link.client.publish(f"{subject}w1", b'{"name": "w1", "pool": "other", "backends": [], "facts": {}}')
        await link.client.publish(f"{subject}w2", b'{"name": "w1", "pool": "default", "backends": [], "facts": {}}')
        for data in (b"", b"[]", b"\xff", b'{"name": "w1", "pool": "default", "backends": [3], "facts": {}}'):
            await link.client.publish(f"{subject}w1", data)
        await link.client.publish(f"{subject}w3", b'{"name": "w3", "pool": "default", "backends": [], "facts": {}}')
        await until(lambda: bool(server.workers()))
        assert [info.name for info in server.workers()] == ["w3"]


async def test_workers_are_heard_again_after_nats_was_away(tmp_path: Path) -> None:
    nats_server = NatsServer(tmp_path / "nats")
    nats_server.start()
    try:
        async with connected(f"{nats_server.url}/x") as link, connected(f"{nats_server.url}/x") as mine, seen_from(link) as server:
            worker = NatsPresence(mine, time.time, mirror=False)
            await worker.note(INFO)
            await until(lambda: bool(server.workers()))
            nats_server.kill()
            await worker.note(INFO)  # never fails
            nats_server.start()
            before = time.time()
            async with asyncio.timeout(30):
                while not any(info.seen_at >= before for info in server.workers()):
                    await worker.note(INFO)  # as workers do, again and again
                    await asyncio.sleep(0.1)
            async with connected(f"{nats_server.url}/x") as third, seen_from(third):
                pass  # the bucket is made again where it went with the server's memory
    finally:
        nats_server.stop()
