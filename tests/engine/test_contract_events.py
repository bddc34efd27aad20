"""What every engine does with live news, and with workers that are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.conftest import OpenKit
from tests.engine.kit import DONE, LOST, Kit, claim, log, soon, statuses, story, submit, texts
from viewcomfy.core.errors import ServerUnavailable, UnknownJob
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import JobStatus
from viewcomfy.engine.base import WorkerInfo

pytestmark = pytest.mark.anyio


class Follower:
    """Someone who follows a job in a task of its own."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self.seen: list[Event] = []
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._run(events))

    async def _run(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self.seen.append(event)
            self._news.set()

    async def has(self, number: int) -> list[Event]:
        """Wait until so many events have come."""
        async with asyncio.timeout(20):
            while len(self.seen) < number:
                self._news.clear()
                await self._news.wait()
        return self.seen


async def test_events_are_numbered_and_timed_in_order(kit: Kit) -> None:
    await submit(kit, "a")
    await kit.engine.emit("a", [log("one"), log("two")])
    await kit.engine.emit("a", [Event(EventKind.LOG, {"text": "three"}, 5.0)])
    await kit.engine.cancel("a")
    events = await story(kit, "a")
    assert texts(events) == ["one", "two", "three"]
    seqs = [event.seq for event in events]
    assert seqs == sorted(set(seqs))
    assert seqs[0] > 0
    assert events[3].at == 5.0
    assert events[0].at > 1e9


async def test_every_follower_gets_everything(kit: Kit) -> None:
    await submit(kit, "a")
    followers = [Follower(kit.engine.events("a")) for _ in range(5)]
    lease = await claim(kit)
    for number in range(100):
        await kit.engine.emit("a", [log(str(number))])
        if number % 10 == 0:
            await asyncio.sleep(0)
    await kit.engine.commit(lease, DONE)
    for follower in followers:
        await soon(follower.task)
        assert texts(follower.seen) == [str(number) for number in range(100)]
        assert statuses(follower.seen) == [("queued", 0), ("running", 1), ("succeeded", 1)]


async def test_who_comes_late_gets_what_was_before_and_then_what_comes(kit: Kit) -> None:
    await submit(kit, "a")
    lease = await claim(kit)
    await kit.engine.emit("a", [log("before")])
    follower = Follower(kit.engine.events("a"))
    await follower.has(3)
    await kit.engine.emit("a", [log("after")])
    await kit.engine.commit(lease, DONE)
    await soon(follower.task)
    assert texts(follower.seen) == ["before", "after"]


@pytest.mark.parametrize("late", [False, True])
async def test_who_comes_after_the_end_gets_the_whole_story(kit: Kit, late: bool) -> None:
    await submit(kit, "a")
    lease = await claim(kit)
    await kit.engine.emit("a", [log("line")])
    await kit.engine.commit(lease, DONE)
    if late:
        await kit.stored()
    for _ in range(2):
        events = await story(kit, "a")
        assert texts(events) == ["line"]
        assert statuses(events) == [("queued", 0), ("running", 1), ("succeeded", 1)]


@pytest.mark.parametrize("late", [False, True])
async def test_a_follower_resumes_where_it_was(kit: Kit, late: bool) -> None:
    await submit(kit, "a")
    await kit.engine.emit("a", [log("one"), log("two"), log("three")])
    await kit.engine.cancel("a")
    if late:
        await kit.stored()
    events = await story(kit, "a")
    for index, event in enumerate(events):
        assert await story(kit, "a", event.seq) == events[index + 1 :]


async def test_an_unknown_job_has_no_events(kit: Kit) -> None:
    with pytest.raises(UnknownJob):
        await story(kit, "nothing")


async def test_a_stored_job_can_be_followed_before_it_is_enqueued(kit: Kit) -> None:
    ticket = await kit.add("a")
    follower = Follower(kit.engine.events("a"))
    await asyncio.sleep(0.05)
    await kit.engine.emit("a", [log("soon")])
    await kit.engine.enqueue(ticket)
    await kit.engine.cancel("a")
    await soon(follower.task)
    assert texts(follower.seen) == ["soon"]
    assert statuses(follower.seen) == [("queued", 0), ("canceled", 0)]


async def test_emitting_never_fails(kit: Kit) -> None:
    await kit.engine.emit("nothing", [log("lost")])
    await submit(kit, "a")
    await kit.engine.cancel("a")
    await kit.engine.emit("a", [log("too late")])
    await kit.stored()
    await kit.engine.emit("a", [log("too late")])
    events = await story(kit, "a")
    assert texts(events) == []
    assert events[-1].data["status"] == "canceled"


async def test_previews_are_live_and_never_kept(kit: Kit) -> None:
    await submit(kit, "a")
    early = Follower(kit.engine.events("a"))
    await early.has(1)
    preview = Event(EventKind.PREVIEW, {"node_id": "3", "content_type": "image/jpeg", "data": "AAAA"})
    await kit.engine.emit("a", [preview])
    assert (await early.has(2))[1].data == preview.data
    late = Follower(kit.engine.events("a"))
    await late.has(1)
    await kit.engine.cancel("a")
    for follower in (early, late):
        await soon(follower.task)
    assert [event.kind for event in early.seen] == [EventKind.STATUS, EventKind.PREVIEW, EventKind.STATUS]
    assert [event.kind for event in late.seen] == [EventKind.STATUS, EventKind.STATUS]
    assert [event.kind for event in await story(kit, "a")] == [EventKind.STATUS, EventKind.STATUS]


async def test_the_latest_progress_is_kept(kit: Kit) -> None:
    await submit(kit, "a")
    lease = await claim(kit)
    await kit.engine.emit("a", [Event(EventKind.PROGRESS, {"value": value}) for value in range(2000)])
    await kit.engine.commit(lease, DONE)
    progress = [event.data["value"] for event in await story(kit, "a") if event.kind is EventKind.PROGRESS]
    assert progress[-1] == 1999
    assert progress == sorted(progress)


@pytest.mark.parametrize("late", [False, True])
async def test_a_job_that_talks_without_end_keeps_its_last_lines(kit: Kit, late: bool) -> None:
    await submit(kit, "a")
    for start in range(0, 20_000, 1000):
        await kit.engine.emit("a", [log(str(number)) for number in range(start, start + 1000)])
        if start % 5000 == 0:
            await kit.stored()
    await kit.engine.cancel("a")
    if late:
        await kit.stored()
    events = await story(kit, "a")
    lines = texts(events)
    assert 1000 <= len(lines) < 10_000
    assert lines == [str(number) for number in range(20_000 - len(lines), 20_000)]
    assert statuses(events) == [("queued", 0), ("canceled", 0)]


async def test_a_follower_that_leaves_disturbs_nobody(kit: Kit) -> None:
    await submit(kit, "a")
    stays, leaves = Follower(kit.engine.events("a")), Follower(kit.engine.events("a"))
    await stays.has(1)
    leaves.task.cancel()
    await kit.engine.cancel("a")
    await soon(stays.task)
    assert len(stays.seen) == 2


# --- across a restart -------------------------------------------------------------------------------------------------
async def test_after_a_restart_the_story_goes_on_with_greater_numbers(kit: Kit) -> None:
    await submit(kit, "a", "b")
    await claim(kit)
    await kit.engine.emit("a", [log("before")])
    await kit.close()
    await kit.open()
    follower = Follower(kit.engine.events("a"))
    lease = await claim(kit)
    assert (lease.prompt_id, lease.attempt) == ("a", 2)
    await kit.engine.emit("a", [log("after")])
    await kit.engine.commit(lease, DONE)
    await soon(follower.task)
    assert texts(follower.seen) == ["before", "after"]
    assert statuses(follower.seen) == [("queued", 0), ("running", 1), ("queued", 1), ("running", 2), ("succeeded", 2)]
    seqs = [event.seq for event in follower.seen]
    assert seqs == sorted(set(seqs))
    assert await story(kit, "a") == follower.seen
    assert await story(kit, "a", seqs[2]) == follower.seen[3:]


async def test_after_a_restart_a_finished_job_still_has_its_story(kit: Kit) -> None:
    await submit(kit, "a")
    lease = await claim(kit)
    await kit.engine.emit("a", [log("line")])
    await kit.engine.commit(lease, DONE)
    events = await story(kit, "a")
    await kit.close()
    await kit.open()
    assert await story(kit, "a") == events


async def test_after_a_restart_a_waiting_job_is_waiting(kit: Kit) -> None:
    ticket = await kit.add("a")
    await kit.engine.enqueue(ticket)
    await kit.close()
    await kit.open()
    assert await kit.engine.queue_length() == 1
    await kit.engine.enqueue(ticket)  # as a server does with what it finds in its store
    assert await kit.engine.queue_length() == 1
    await kit.engine.commit(await claim(kit), DONE)
    assert statuses(await story(kit, "a")) == [("queued", 0), ("running", 1), ("succeeded", 1)]


async def test_a_job_that_every_restart_interrupts_fails_in_the_end(open_kit: OpenKit) -> None:
    kit = await open_kit(attempts=2)
    await submit(kit, "a")
    for _ in range(2):
        await claim(kit)
        await kit.close()
        await kit.open()
    events = await story(kit, "a")
    assert statuses(events)[-1] == ("failed", 2)
    assert events[-1].data["error"]["code"] == "worker_lost"
    assert (await kit.job("a")).status is JobStatus.FAILED


async def test_nobody_who_waits_is_left_hanging_when_the_engine_closes(kit: Kit) -> None:
    await submit(kit, "a")
    lease = await claim(kit)
    follower = Follower(kit.engine.events("a"))
    claimer = asyncio.create_task(claim(kit))
    await follower.has(2)
    await kit.close()
    for task in (follower.task, claimer):
        with pytest.raises(ServerUnavailable):
            await soon(task)
    with pytest.raises(ServerUnavailable):
        await kit.engine.commit(lease, DONE)
    with pytest.raises(ServerUnavailable):
        await claim(kit)
    with pytest.raises(ServerUnavailable):
        await kit.engine.release(lease, LOST)
    await kit.open()


# --- presence ---------------------------------------------------------------------------------------------------------
async def test_workers_that_are_there_are_known_and_others_forgotten(open_kit: OpenKit) -> None:
    now = [1_000_000.0]
    kit = await open_kit(clock=lambda: now[0])
    await kit.engine.present(WorkerInfo("w1", "default", ({"name": "b", "state": "idle"},), {"gpus": 1}))
    now[0] += 10
    await kit.engine.present(WorkerInfo("w2", "big"))
    assert [(info.name, info.seen_at) for info in await kit.engine.workers()] == [("w1", 1_000_000.0), ("w2", 1_000_010.0)]
    assert [info.name for info in await kit.engine.workers("big")] == ["w2"]
    now[0] += 10
    assert [info.name for info in await kit.engine.workers()] == ["w2"]
    await kit.engine.present(WorkerInfo("w2", "big"))
    now[0] += 14
    assert [info.name for info in await kit.engine.workers()] == ["w2"]
