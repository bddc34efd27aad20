"""The dispatcher by itself: what it learns from rows that another one has left, and what it does where it can't be sure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.engine.kit import DONE, LOST, soon, until
from viewcomfy.core.errors import ServerUnavailable, StaleLease
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.engine import takeover
from viewcomfy.engine.base import Claimer, Lease, Ticket
from viewcomfy.engine.dispatcher import Dispatcher
from viewcomfy.store.queue import QueueRows
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio

Told = tuple[str, str, int]


class Place:
    """A store, and what dispatchers on it have told."""

    def __init__(self, store: Store, stack: AsyncExitStack) -> None:
        self.store = store
        self.told: list[Told] = []
        self.gone: list[Lease] = []
        self.acts = True
        self.late = 0.0
        self._stack = stack

    async def dispatcher(self, queue: Any = None, **settings: Any) -> Dispatcher:
        """Return one that has taken over."""
        more: dict[str, Any] = {"gone": self.gone.append, "may_act": lambda: self.acts, "clock": lambda: time.time() + self.late}
        made = Dispatcher(queue or self.store.queue, self._tell, **more, **settings)
        await made.resume()
        return await self._stack.enter_async_context(made)

    async def add(self, *prompt_ids: str, at: float | None = None) -> list[Ticket]:
        """Store jobs without enqueueing them."""
        queued_at = time.time() + self.late if at is None else at
        for prompt_id in prompt_ids:
            await self.store.jobs.add(Job(prompt_id, "cats", 1, "", {"1": {}}, queued_at))
        return [Ticket(prompt_id, queued_at) for prompt_id in prompt_ids]

    def _tell(self, prompt_id: str, pool: str, status: JobStatus, attempt: int, error: JobError | None) -> None:
        self.told.append((prompt_id, status.value, attempt))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    store = await Store.open(tmp_path / "viewcomfy.db")
    async with AsyncExitStack() as stack:
        yield Place(store, stack)
    await store.close()


async def claim(dispatcher: Dispatcher, worker: str = "w") -> Lease:
    return await soon(dispatcher.claim(Claimer(worker)))


async def test_a_new_one_counts_what_waits_and_holds_what_runs_on_a_full_lease(place: Place) -> None:
    first = await place.dispatcher(lease_seconds=10)
    for ticket in await place.add("a", "b", "c"):
        await first.enqueue(ticket)
    lease = await claim(first)
    place.late += 9
    second = await place.dispatcher(lease_seconds=10)
    assert second.length() == 2
    held = second.lease("a")
    assert held is not None
    assert held.expires_at >= lease.expires_at + 8
    assert await second.extend(lease)
    await second.commit(lease, DONE)
    assert second.lease("a") is None


async def test_a_new_one_tells_again_what_has_just_changed_and_nothing_older(place: Place) -> None:
    first = await place.dispatcher()
    for ticket in await place.add("old", "running", "waiting"):
        await first.enqueue(ticket)
    await first.commit(await claim(first), DONE)
    place.late += takeover.RETOLD + 1
    await first.enqueue((await place.add("young"))[0])
    await claim(first)
    place.told.clear()
    await place.dispatcher()
    assert place.told == [("running", "running", 1), ("young", "queued", 0)]


async def test_what_others_have_done_to_the_rows_is_found_in_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "SYNC_EVERY", 0.0)
    ours = await place.dispatcher()
    for ticket in await place.add("a", "b"):
        await ours.enqueue(ticket)
    lease = await claim(ours)
    other = await place.dispatcher()
    await other.commit(lease, DONE)
    await claim(other)  # b
    await place.add("c")
    await until(lambda: (ours.lease("a"), ours.lease("b") is None, ours.length()) == (None, False, 1))
    assert [lease.prompt_id for lease in place.gone] == ["a"]


async def test_one_that_may_not_act_gives_out_nothing_and_gives_back_what_it_has_just_claimed(place: Place) -> None:
    dispatcher = await place.dispatcher()
    place.acts = False
    waiting = asyncio.create_task(dispatcher.claim(Claimer("w")))
    for ticket in await place.add("a"):
        await dispatcher.enqueue(ticket)
    await asyncio.sleep(0.1)
    assert not waiting.done()
    place.acts = True
    dispatcher._look("default")
    lease = await soon(waiting)
    await dispatcher.commit(lease, DONE)
    assert lease.attempt == 1


async def test_the_end_of_a_lease_is_nothing_to_one_that_may_not_act(place: Place) -> None:
    dispatcher = await place.dispatcher(lease_seconds=0.2)
    for ticket in await place.add("a"):
        await dispatcher.enqueue(ticket)
    lease = await claim(dispatcher)
    place.acts = False
    await asyncio.sleep(0.5)
    await dispatcher.extend(lease)
    await dispatcher.commit(lease, DONE)


class Forgetful:
    """Rows whose first commit is stored and not heard of."""

    def __init__(self, rows: QueueRows) -> None:
        self._rows = rows
        self.has_forgotten = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    async def commit(self, prompt_id: str, attempt: int, manifest: Manifest, *, now: float) -> None:
        await self._rows.commit(prompt_id, attempt, manifest, now=now)
        if not self.has_forgotten:
            self.has_forgotten = True
            raise ServerUnavailable("The connection was lost.")


async def test_a_commit_that_the_store_did_not_answer_succeeds_when_it_is_repeated(place: Place) -> None:
    dispatcher = await place.dispatcher(Forgetful(place.store.queue))
    for ticket in await place.add("a"):
        await dispatcher.enqueue(ticket)
    lease = await claim(dispatcher)
    with pytest.raises(ServerUnavailable):
        await dispatcher.commit(lease, DONE)
    await dispatcher.commit(lease, DONE)
    with pytest.raises(StaleLease):
        await dispatcher.commit(lease, DONE)
    assert place.told[-1] == ("a", "succeeded", 1)


@pytest.mark.parametrize("manifest", [DONE, Manifest(JobStatus.FAILED, error=LOST)])
async def test_a_commit_that_is_said_to_be_repeated_must_be_the_same(place: Place, manifest: Manifest) -> None:
    dispatcher = await place.dispatcher()
    for ticket in await place.add("a"):
        await dispatcher.enqueue(ticket)
    lease = await claim(dispatcher)
    await dispatcher.commit(lease, manifest, again=True)
    await dispatcher.commit(lease, manifest, again=True)
    other = Manifest(JobStatus.FAILED, error=JobError("timed_out", "Too long."))
    with pytest.raises(StaleLease):
        await dispatcher.commit(lease, other, again=True)


async def test_a_job_that_was_canceled_meanwhile_is_not_taken_for_one_that_was_finished(place: Place) -> None:
    dispatcher = await place.dispatcher()
    for ticket in await place.add("a"):
        await dispatcher.enqueue(ticket)
    lease = await claim(dispatcher)
    await dispatcher.cancel("a")
    assert place.gone == [lease]
    with pytest.raises(StaleLease):
        await dispatcher.commit(lease, DONE, again=True)
    assert await dispatcher.job(lease) is None


async def test_that_a_job_waits_is_told_before_that_it_runs_also_where_nobody_enqueued_it(place: Place) -> None:
    dispatcher = await place.dispatcher()
    await place.add("a")
    await claim(dispatcher)
    assert place.told == [("a", "queued", 0), ("a", "running", 1)]


async def test_a_job_that_was_not_taken_is_passed_on_to_no_backend_of_another_environment(place: Place) -> None:
    dispatcher = await place.dispatcher()
    for ticket in await place.add("a"):
        await dispatcher.enqueue(ticket)
    lease = await claim(dispatcher)
    beside = asyncio.create_task(dispatcher.claim(Claimer("w", environment="env-a", aside=True)))
    alike = asyncio.create_task(dispatcher.claim(Claimer("w")))
    await asyncio.sleep(0)
    await dispatcher.give_back(lease)
    assert await soon(alike) == lease
    await dispatcher.give_back(lease)
    assert (beside.done(), dispatcher.length()) == (False, 1)
    beside.cancel()
