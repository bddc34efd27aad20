"""What every engine does with orders to workers: asked, answered, refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from tests.engine.kit import Kit, soon, until
from viewcomfy.core.errors import InternalError, NotManaged, ServerUnavailable, UnknownWorker
from viewcomfy.engine.base import Answerer, WorkerInfo

pytestmark = pytest.mark.anyio

Serve = Callable[[str, Answerer], asyncio.Task[None]]
Json = Mapping[str, Any]


@pytest.fixture
async def serve(kit: Kit) -> AsyncIterator[Serve]:
    """Return what has a worker answer in the background; it ends with the test."""
    tasks: list[asyncio.Task[None]] = []

    def start(worker: str, answer: Answerer) -> asyncio.Task[None]:
        task = asyncio.create_task(kit.engine.serve(worker, answer))
        tasks.append(task)
        return task

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def echo(order: Json) -> Json:
    return {"order": order}


async def ask(kit: Kit, worker: str, order: Json, patience: float = 10.0) -> Json:
    """Ask a worker whose task may still be on its way to serve."""
    await kit.engine.present(WorkerInfo(worker, "default"))
    async with asyncio.timeout(10):
        while True:
            try:
                return await kit.engine.ask(worker, order, patience=patience)
            except ServerUnavailable as fault:
                if "did not answer" in str(fault):
                    raise
                await asyncio.sleep(0.01)


async def test_an_order_is_answered_by_its_worker(kit: Kit, serve: Serve) -> None:
    async def other(_: Json) -> Json:
        raise AssertionError

    serve("w1", echo)
    serve("w2", other)
    order = {"order": "drain", "backend": "comfyui-0", "after": 7, "deep": {"list": [1, None, "ü"]}}
    assert await ask(kit, "w1", order) == {"order": order}


async def test_a_worker_that_is_not_there_is_unknown(kit: Kit, serve: Serve) -> None:
    serve("w1", echo)
    await ask(kit, "w1", {})
    with pytest.raises(UnknownWorker, match="w2"):
        await soon(kit.engine.ask("w2", {}))


async def test_a_worker_that_takes_no_orders_is_not_unknown(kit: Kit) -> None:
    await kit.engine.present(WorkerInfo("w1", "default"))
    with pytest.raises(ServerUnavailable):
        await soon(kit.engine.ask("w1", {}))


async def test_an_answer_that_does_not_come_in_time_is_an_error_and_the_order_is_carried_out(kit: Kit, serve: Serve) -> None:
    may_end, done = asyncio.Event(), asyncio.Event()

    async def slow(_: Json) -> Json:
        await may_end.wait()
        done.set()
        return {}

    serve("w1", slow)
    with pytest.raises(ServerUnavailable, match="did not answer"):
        await ask(kit, "w1", {}, patience=0.2)
    may_end.set()
    await soon(done.wait())


async def test_an_asker_that_goes_away_does_not_end_the_order(kit: Kit, serve: Serve) -> None:
    began, may_end, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_: Json) -> Json:
        began.set()
        await may_end.wait()
        done.set()
        return {}

    serve("w1", slow)
    asking = asyncio.create_task(ask(kit, "w1", {}))
    await soon(began.wait())
    asking.cancel()
    may_end.set()
    await soon(done.wait())


async def test_an_error_of_the_worker_is_raised_as_it_is(kit: Kit, serve: Serve) -> None:
    async def refuse(_: Json) -> Json:
        raise NotManaged("It is not ours.", hint="Ask its owner.", details={"backend": "b"})

    serve("w1", refuse)
    with pytest.raises(NotManaged) as caught:
        await ask(kit, "w1", {})
    assert (caught.value.message, caught.value.hint, caught.value.details) == ("It is not ours.", "Ask its owner.", {"backend": "b"})


async def test_a_fault_of_the_worker_ends_neither_it_nor_the_engine(kit: Kit, serve: Serve) -> None:
    async def odd(order: Json) -> Json:
        return {"value": order["wanted"]}

    serve("w1", odd)
    with pytest.raises(InternalError, match="KeyError"):
        await ask(kit, "w1", {})
    assert await ask(kit, "w1", {"wanted": 3}) == {"value": 3}


async def test_orders_are_answered_at_the_same_time(kit: Kit, serve: Serve) -> None:
    both = asyncio.Barrier(2)

    async def meet(_: Json) -> Json:
        await both.wait()
        return {}

    serve("w1", meet)
    assert list(await soon(asyncio.gather(ask(kit, "w1", {}), ask(kit, "w1", {})))) == [{}, {}]


async def test_a_worker_that_goes_away_answers_nothing_more(kit: Kit, serve: Serve) -> None:
    began = asyncio.Event()

    async def never(order: Json) -> Json:
        if order:
            return {}
        began.set()
        await asyncio.Event().wait()
        return {}

    serving = serve("w1", never)
    asking = asyncio.create_task(ask(kit, "w1", {}, patience=1.0))
    await soon(began.wait())
    serving.cancel()
    await until(serving.done)
    with pytest.raises((ServerUnavailable, TimeoutError)):
        await soon(asking)


async def test_a_worker_that_comes_back_is_asked_again(kit: Kit, serve: Serve) -> None:
    async def again(_: Json) -> Json:
        return {"again": True}

    first = serve("w1", echo)
    await ask(kit, "w1", {})
    first.cancel()
    await until(first.done)
    serve("w1", again)
    assert await ask(kit, "w1", {}) == {"again": True}
