"""Live news over NATS: kept, told to many, resumed elsewhere, whole after its server was away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.kit import soon, statuses, texts
from tests.engine.nats.news_kit import POOL, Site, connected, site
from tools.services.nats import NatsCluster, NatsServer
from viewcomfy.cli.nats_config import authorization, new_users
from viewcomfy.core.errors import ServerUnavailable, UnknownJob
from viewcomfy.core.events import Event, EventKind
from viewcomfy.engine.nats.news import News
from viewcomfy.engine.nats.news_codec import encode

pytestmark = pytest.mark.anyio

WHOLE = [("queued", 0), ("running", 1), ("succeeded", 1)]


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

    async def has(self, number: int) -> None:
        """Wait until so many events have come."""
        async with asyncio.timeout(60):
            while len(self.seen) < number:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def server(nats_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(nats_url, tmp_path) as opened:
        yield opened


async def test_a_job_is_followed_from_its_start_to_its_end(server: Site) -> None:
    await server.add("a")
    follower = Follower(server.news.follow("a"))
    await follower.has(1)
    await server.run("a")
    await server.log("a", "one", "two")
    await server.end("a")
    await soon(follower.task)
    assert texts(follower.seen) == ["one", "two"]
    assert statuses(follower.seen) == WHOLE
    seqs = [event.seq for event in follower.seen]
    assert seqs == sorted(set(seqs))
    assert await server.story("a") == follower.seen


async def test_the_story_is_the_same_before_and_after_it_is_put_away(server: Site) -> None:
    await server.add("a")
    await server.run("a")
    await server.log("a", *(str(number) for number in range(300)))
    await server.news.emit(POOL, "a", [Event(EventKind.PROGRESS, {"value": value}) for value in range(300)])
    await server.news.emit(POOL, "a", [Event(EventKind.OUTPUT, {"filename": "x.png"})])
    await server.end("a")
    story = await server.story("a")
    await server.archived()
    kept = await server.store.events.read("a")
    assert kept == story == await server.story("a")
    assert len(texts(story)) == 300
    assert [event.data["value"] for event in story if event.kind is EventKind.PROGRESS] == [299]
    await server.news.archive("a")
    assert await server.store.events.read("a") == kept


async def test_another_server_goes_on_where_a_follower_was(server: Site, nats_url: str) -> None:
    await server.add("a")
    await server.run("a")
    await server.log("a", *(str(number) for number in range(500)))
    first = Follower(server.news.follow("a"))
    await first.has(200)
    first.task.cancel()
    seen = list(first.seen)
    async with connected(nats_url) as link, News(link, server.store.events, server.store.queue) as other:
        second = Follower(other.follow("a", seen[-1].seq))
        await server.log("a", "more")
        await server.end("a")
        await soon(second.task)
    assert texts(seen + second.seen) == [*(str(number) for number in range(500)), "more"]
    assert statuses(seen + second.seen) == WHOLE


async def test_a_worker_tells_and_a_server_follows(server: Site, nats_url: str) -> None:
    await server.add("a")
    follower = Follower(server.news.follow("a"))
    await follower.has(1)
    await server.run("a")
    async with connected(nats_url) as link, News(link) as worker:
        await worker.emit(POOL, "a", [Event(EventKind.LOG, {"text": f"line {number}"}) for number in range(1000)])
        await worker.emit(POOL, "a", [Event(EventKind.STATUS, {"status": "failed", "attempt": 1})])
        await worker.flush("a")
        await server.end("a")
    await soon(follower.task)
    assert texts(follower.seen) == [f"line {number}" for number in range(1000)]
    assert statuses(follower.seen) == WHOLE


async def test_the_credentials_of_a_worker_let_it_tell_news_and_no_status(tmp_path: Path) -> None:
    server_user, worker_user = new_users([POOL], "x")
    nats_server = NatsServer(tmp_path / "nats", config=authorization([server_user, worker_user]))
    nats_server.start()
    urls = [user.url(["127.0.0.1"], nats_server.port, "x", tls=False) for user in (server_user, worker_user)]
    try:
        async with site(urls[0], tmp_path) as server, connected(urls[1]) as link, News(link) as worker:
            await server.add("a")
            follower = Follower(server.news.follow("a"))
            await follower.has(1)
            await server.run("a")
            await worker.emit(POOL, "a", [Event(EventKind.LOG, {"text": "line"}), Event(EventKind.PREVIEW, {"node_id": "3"})])
            await worker.flush("a")
            for subject in ("x.ev.default.a.status", "x.ev-live.default.a.status", "x.ev.other.a.news"):
                await link.client.publish(subject, encode("a", [Event(EventKind.STATUS, {"status": "failed", "attempt": 1})]))
            await link.client.flush()
            await server.end("a")
            await soon(follower.task)
    finally:
        nats_server.stop()
    assert sorted(event.kind for event in follower.seen) == ["log", "preview", "status", "status", "status"]
    assert statuses(follower.seen) == WHOLE


async def test_the_end_is_told_anew_where_it_was_lost(server: Site) -> None:
    await server.add("a")
    await server.run("a")
    follower = Follower(server.news.follow("a"))
    await server.log("a", "line")
    await follower.has(3)
    await server.end("a", tell=False)
    await soon(server.news.ended("a"))
    await soon(follower.task)
    assert texts(follower.seen) == ["line"]
    assert statuses(follower.seen) == WHOLE
    story = await server.story("a")
    assert story == follower.seen
    assert await server.story("a", story[-1].seq) == []


async def test_a_server_that_leads_later_puts_away_what_ended_before(nats_url: str, tmp_path: Path) -> None:
    async with site(nats_url, tmp_path, leads=False) as server:
        for prompt_id in ("a", "b", "c"):
            await server.add(prompt_id)
            await server.run(prompt_id)
            await server.log(prompt_id, f"line of {prompt_id}")
            if prompt_id != "c":
                await server.end(prompt_id)
            await server.news.flush(prompt_id)
        assert await server.store.events.read("a") == []
    async with site(nats_url, tmp_path) as server:
        await server.archived()
        for prompt_id in ("a", "b"):
            assert texts(await server.store.events.read(prompt_id)) == [f"line of {prompt_id}"]
        assert await server.store.events.read("c") == []


async def test_ended_waits_for_the_end_and_no_longer(server: Site) -> None:
    await server.add("a")
    waiting = [asyncio.create_task(server.news.ended("a")) for _ in range(3)]
    await server.run("a")
    done, _ = await asyncio.wait(waiting, timeout=0.2)
    assert not done
    waiting[0].cancel()
    await server.end("a")
    await soon(asyncio.gather(*waiting[1:]))
    await soon(server.news.ended("a"))


async def test_what_nobody_knows_is_said(server: Site) -> None:
    with pytest.raises(UnknownJob):
        await server.story("nothing")
    with pytest.raises(UnknownJob):
        await server.news.ended("nothing")


async def test_who_waits_is_sent_away_when_the_server_stops(nats_url: str, tmp_path: Path) -> None:
    async with site(nats_url, tmp_path) as server:
        await server.add("a")
        follower = Follower(server.news.follow("a"))
        waiting = asyncio.create_task(server.news.ended("a"))
        await follower.has(1)
    for task in (follower.task, waiting):
        with pytest.raises(ServerUnavailable):
            await soon(task)


async def test_many_followers_of_one_job_each_get_everything(server: Site) -> None:
    await server.add("a")
    await server.run("a")
    followers = [Follower(server.news.follow("a")) for _ in range(50)]
    for number in range(100):
        await server.log("a", str(number))
        if number % 10 == 0:
            await asyncio.sleep(0)
    await server.end("a")
    for follower in followers:
        await soon(follower.task)
        assert texts(follower.seen) == [str(number) for number in range(100)]


async def test_a_follower_that_reads_slowly_gets_everything(server: Site) -> None:
    await server.add("a")
    await server.run("a")
    seen = []
    async with asyncio.timeout(60):
        async for event in server.news.follow("a"):
            seen.append(event)
            if event.data.get("status") == "running":  # more comes in while it looks away than is kept for it
                for number in range(250):
                    await server.log("a", f"{number} {'x' * 100_000}")
                await server.end("a")
                await server.news.flush("a", 60)
    assert [int(text.split()[0]) for text in texts(seen)] == list(range(250))
    assert statuses(seen) == WHOLE


async def test_messages_that_nobody_can_read_disturb_nobody(server: Site) -> None:
    await server.add("a")
    await server.run("a")
    follower = Follower(server.news.follow("a"))
    await follower.has(2)
    subject = f"{server.link.namespace}.ev.{POOL}.a.news"
    for data in (b"", b"[]", b"\xff\x00", b'{"events": 3}', b'{"job": "a", "events": [[], ["log"], ["status", 1, {"status": "failed"}]]}'):
        await server.link.client.publish(subject, data)
        await server.link.client.publish(subject.replace(".ev.", ".ev-live."), data)
    await server.log("a", "line")
    await server.end("a")
    await soon(follower.task)
    assert texts(follower.seen) == ["line"]
    assert statuses(follower.seen) == WHOLE


async def test_servers_that_start_at_the_same_time_make_one_stream_as_it_should_be(nats_url: str, tmp_path: Path) -> None:
    async with connected(nats_url) as link:
        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(_open_and_close(nats_url, tmp_path, f"{number}.db"))
        js = link.client.jetstream()
        name = f"{link.namespace}-events"
        made = (await js.stream_info(name)).config
        await js.update_stream(made.evolve(max_age=3600.0))
        await _open_and_close(nats_url, tmp_path, "8.db")
        assert (await js.stream_info(name)).config == made


async def _open_and_close(url: str, folder: Path, name: str) -> None:
    async with site(url, folder, name=name):
        pass


# --- servers that go away ---------------------------------------------------------------------------------------------
async def talk(server: Site, prompt_id: str, count: int) -> None:
    """Have a job print numbered lines for a while."""
    for number in range(count):
        await server.log(prompt_id, str(number))
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_nothing_is_lost_or_told_twice_when_the_server_is_started_again(tmp_path: Path, how: str) -> None:
    nats_server = NatsServer(tmp_path / "nats")
    nats_server.start()
    try:
        async with site(f"{nats_server.url}/x", tmp_path) as server:
            await server.add("a")
            await server.run("a")
            follower = Follower(server.news.follow("a"))
            waiting = asyncio.create_task(server.news.ended("a"))
            talking = asyncio.create_task(talk(server, "a", 200))
            await follower.has(50)
            await asyncio.to_thread(getattr(nats_server, how))
            await asyncio.sleep(0.5)
            await asyncio.to_thread(nats_server.start)
            await talking
            await server.end("a")
            await soon(follower.task)
            await soon(waiting)
            assert texts(follower.seen) == [str(number) for number in range(200)]
            assert statuses(follower.seen) == WHOLE
            await server.archived()
            assert await server.store.events.read("a") == follower.seen
    finally:
        nats_server.stop()


async def test_a_stream_that_was_lost_is_made_again_and_counts_on(tmp_path: Path) -> None:
    nats_server = NatsServer(tmp_path / "nats")
    nats_server.start()
    try:
        async with site(f"{nats_server.url}/x", tmp_path) as server:
            await server.add("a")
            await server.run("a")
            await server.log("a", "lost")
            follower = Follower(server.news.follow("a"))
            await follower.has(3)
            await server.link.client.jetstream().delete_stream("x-events")
            await server.log("a", "line")
            await server.end("a")
            await soon(follower.task)
            assert texts(follower.seen) == ["lost", "line"]
            assert statuses(follower.seen) == WHOLE
            await server.archived()
            assert texts(await server.store.events.read("a")) == ["line"]
    finally:
        nats_server.stop()


async def test_a_cluster_loses_its_leader_and_the_news_go_on(tmp_path: Path) -> None:
    cluster = NatsCluster(tmp_path / "nats")
    cluster.start()
    try:
        async with site(f"{cluster.url}/x", tmp_path) as server:
            await server.add("a")
            await server.run("a")
            follower = Follower(server.news.follow("a"))
            talking = asyncio.create_task(talk(server, "a", 300))
            await follower.has(50)
            info = await server.link.client.jetstream().stream_info("x-events")
            assert info.cluster is not None
            leader = cluster.node(info.cluster.leader or "")
            await asyncio.to_thread(leader.kill)
            await talking
            await server.end("a")
            async with asyncio.timeout(60):
                await follower.task
            assert texts(follower.seen) == [str(number) for number in range(300)]
            assert statuses(follower.seen) == WHOLE
            await asyncio.to_thread(leader.start)
            await server.archived()
            assert await server.store.events.read("a") == follower.seen
            assert await server.story("a") == follower.seen
    finally:
        cluster.kill()
