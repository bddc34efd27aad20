"""Orders over NATS: answered across connections, once each, also when NATS goes away in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.kit import soon, until
from tests.engine.nats.news_kit import connected
from tools.services.nats import NatsServer
from viewcomfy.core.errors import InternalError, NotManaged, ServerUnavailable, UnknownWorker
from viewcomfy.engine.base import Answerer, WorkerInfo
from viewcomfy.engine.nats.envelope import packed
from viewcomfy.engine.nats.orders import NatsOrders

pytestmark = pytest.mark.anyio

WORKER = WorkerInfo("gpu.1", "big pool")
Json = Mapping[str, Any]


@asynccontextmanager
async def sides(url: str, answer: Answerer | None) -> AsyncIterator[tuple[NatsOrders, NatsOrders]]:
    """Return a server's side and a worker's, each with a connection of its own; the worker answers."""
    async with connected(url) as asking, connected(url) as serving:
        server = NatsOrders(asking, "default", lambda: [WORKER])
        worker = NatsOrders(serving, WORKER.pool, list)
        task = None if answer is None else asyncio.create_task(worker.serve(WORKER.name, answer))
        try:
            await serving.client.flush()
            await asyncio.sleep(0)
            await serving.client.flush()
            yield server, worker
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def echo(order: Json) -> Json:
    return {"order": order}


async def test_an_order_crosses_from_a_server_to_a_worker(nats_url: str) -> None:
    order = {"do": "inspect", "deep": [1, None, "ü"], "long": "x" * 500_000}
    async with sides(nats_url, echo) as (server, _):
        assert await server.ask(WORKER.name, order, 10) == {"order": order}
        with pytest.raises(UnknownWorker):
            await server.ask("w2", {}, 10)


async def test_a_worker_that_takes_no_orders_is_found_out_at_once(nats_url: str) -> None:
    async with sides(nats_url, None) as (server, _):
        with pytest.raises(ServerUnavailable, match="does not take orders"):
            await soon(server.ask(WORKER.name, {}, 1000))


async def test_an_order_that_takes_long_is_answered_when_it_is_done_and_runs_once(nats_url: str) -> None:
    begun: list[Json] = []

    async def slow(order: Json) -> Json:
        begun.append(order)
        await asyncio.sleep(3)
        return {"done": True}

    async with sides(nats_url, slow) as (server, _):
        assert await server.ask(WORKER.name, {}, 20) == {"done": True}
        assert len(begun) == 1


async def test_an_answer_that_got_lost_is_given_again(nats_url: str) -> None:
    begun: list[Json] = []

    async def count(order: Json) -> Json:
        begun.append(order)
        return {"number": len(begun)}

    async with sides(nats_url, count), connected(nats_url) as other:
        subject = f"{other.namespace}.order.{'=' + b'big pool'.hex()}.{'=' + b'gpu.1'.hex()}"
        question = packed({"id": "1", "order": {}})
        answers = [(await other.client.request(subject, question, timeout=5)).data for _ in range(3)]
        await other.client.publish(subject, b"nonsense")
    assert len(set(answers)) == len(begun) == 1


async def test_errors_cross_as_what_they_are(nats_url: str) -> None:
    async def refuse(order: Json) -> Json:
        if order:
            return {"long": [str(number) for number in range(1_000_000)]}
        raise NotManaged("It is not ours.", hint="Ask its owner.", details={"backend": "b"}, problems=[{"input": "x"}])

    async with sides(nats_url, refuse) as (server, _):
        with pytest.raises(NotManaged) as caught:
            await server.ask(WORKER.name, {}, 10)
        fault = caught.value
        assert (fault.message, fault.hint, fault.details, fault.problems) == (
            "It is not ours.", "Ask its owner.", {"backend": "b"}, [{"input": "x"}],
        )  # fmt: skip
        with pytest.raises(InternalError, match="too long"):
            await server.ask(WORKER.name, {"tell": "everything"}, 10)


async def test_the_last_to_serve_a_name_has_it(nats_url: str) -> None:
    async def again(_: Json) -> Json:
        return {"again": True}

    async with sides(nats_url, echo) as (server, worker):
        task = asyncio.create_task(worker.serve(WORKER.name, again))
        async with asyncio.timeout(10):
            while await server.ask(WORKER.name, {}, 10) != {"again": True}:
                pass
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_order_survives_that_nats_goes_away(tmp_path: Path) -> None:
    nats_server = NatsServer(tmp_path / "nats")
    nats_server.start()
    begun: list[Json] = []
    may_end = asyncio.Event()

    async def slow(order: Json) -> Json:
        begun.append(order)
        await may_end.wait()
        return {"done": True}

    try:
        async with sides(f"{nats_server.url}/x", slow) as (server, _):
            asking = asyncio.create_task(server.ask(WORKER.name, {}, 60))
            await until(lambda: bool(begun))
            await asyncio.to_thread(nats_server.kill)
            may_end.set()
            await asyncio.to_thread(nats_server.start)
            async with asyncio.timeout(60):
                assert await asking == {"done": True}
        assert len(begun) == 1
    finally:
        nats_server.stop()
