"""What becomes of jobs and claims when the server that leads is killed, stopped, closed, or NATS itself goes away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.kit import DONE, statuses, until
from tests.engine.nats.site import DEADLINE, ServerProcess, Site, claim, open_site, work
from tools.services.nats import NatsCluster, NatsServer
from viewcomfy.core.errors import ServerUnavailable, StaleLease
from viewcomfy.core.jobs import JobStatus
from viewcomfy.engine.base import Claimer
from viewcomfy.engine.nats.engine import NatsEngine

pytestmark = pytest.mark.anyio

LEASE = 5.0
"""Seconds; a job that was claimed and that its worker has not heard of when the leader died comes back after them."""


@pytest.fixture
async def site(nats_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Return a site whose servers share a SQLite file: they are in this process."""
    async with open_site(nats_url, tmp_path / "viewcomfy.db") as site:
        yield site


@pytest.fixture
async def led(nats_url: str, postgres_url: str) -> AsyncIterator[tuple[Site, ServerProcess]]:
    """Return a site that another process leads."""
    leader = await ServerProcess.start(nats_url, postgres_url, LEASE)
    try:
        await leader.says("leads")
        async with open_site(nats_url, postgres_url) as site:
            yield site, leader
    finally:
        leader.resume()
        await leader.kill()


async def leads(engine: NatsEngine) -> None:
    await until(lambda: engine.leads)


async def told(engine: NatsEngine, prompt_id: str) -> list[tuple[str, int]]:
    async with asyncio.timeout(DEADLINE):
        return statuses([event async for event in engine.events(prompt_id)])


async def test_a_running_job_and_a_claim_survive_the_kill_of_the_leader(led: tuple[Site, ServerProcess]) -> None:
    site, leader = led
    server, worker = await site.server(lease_seconds=LEASE), await site.worker()
    assert not server.leads
    await site.add(server, "a")
    running = await claim(worker, "w1")
    waiting = asyncio.create_task(claim(worker, "w2"))
    await asyncio.sleep(0.1)
    await leader.kill()
    began = time.monotonic()
    renewed = await worker.extend(running)
    assert time.monotonic() - began < 9
    assert renewed.attempt == 1
    with suppress(ServerUnavailable):
        await site.add(server, "b")
    assert (await waiting).prompt_id == "b"
    await worker.commit(running, DONE)
    await worker.commit(await waiting, DONE)
    assert await site.status("a") == (JobStatus.SUCCEEDED, 1)
    assert await told(server, "a") == [("queued", 0), ("running", 1), ("succeeded", 1)]
    assert await told(server, "b") == [("queued", 0), ("running", 1), ("succeeded", 1)]


async def test_a_leader_that_was_stopped_leads_no_more_and_no_job_runs_twice(led: tuple[Site, ServerProcess]) -> None:
    site, leader = led
    server, worker = await site.server(lease_seconds=LEASE), await site.worker()
    names = [str(number) for number in range(60)]
    done: list[str] = []
    workers = [asyncio.create_task(work(worker, f"w{number}", done)) for number in range(3)]
    await site.add(server, *names[:20])
    leader.pause()
    for name in names[20:40]:
        with suppress(ServerUnavailable, TimeoutError):  # nobody leads: the jobs are in the store all the same
            await asyncio.wait_for(site.add(server, name), 0.2)
    await leads(server)
    leader.resume()
    await leader.says("follows")
    await site.add(server, *names[40:])
    await until(lambda: len(done) >= len(names))
    for one in workers:
        one.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert sorted(done) == sorted(names)
    assert {(await site.status(name))[0] for name in names} == {JobStatus.SUCCEEDED}


async def test_when_the_leader_closes_another_leads_at_once(site: Site) -> None:
    first = NatsEngine(site.url, (site.store.queue, site.store.events))
    async with first:
        second, worker = await site.server(), await site.worker()
        assert (first.leads, second.leads) == (True, False)
        await site.add(second, "a")
        running, waiting = await claim(worker, "w1"), asyncio.create_task(claim(worker, "w2"))
        await asyncio.sleep(0.05)
        began = time.monotonic()
    await leads(second)
    assert time.monotonic() - began < 3
    await site.add(second, "b")
    assert (await waiting).prompt_id == "b"
    await worker.commit(running, DONE)
    assert await told(second, "a") == [("queued", 0), ("running", 1), ("succeeded", 1)]


async def test_jobs_run_on_while_no_server_is_there_at_all(site: Site) -> None:
    worker = await site.worker()
    async with NatsEngine(site.url, (site.store.queue, site.store.events)) as server:
        await site.add(server, "a")
        running = await claim(worker)
    commit = asyncio.create_task(worker.commit(running, DONE))
    await asyncio.sleep(0.5)
    assert not commit.done()
    server = await site.server()
    await commit
    assert await told(server, "a") == [("queued", 0), ("running", 1), ("succeeded", 1)]


async def test_a_lease_that_nobody_renews_ends_under_the_next_leader_too(site: Site) -> None:
    worker = await site.worker()
    async with NatsEngine(site.url, (site.store.queue, site.store.events), lease_seconds=1.0) as server:
        await site.add(server, "a")
        await claim(worker, "silent")
    await site.server(lease_seconds=1.0)
    again = await claim(worker, "next")
    assert (again.prompt_id, again.attempt) == ("a", 2)


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_a_restart_of_nats_in_mid_job_costs_nothing(how: str, tmp_path: Path) -> None:
    nats = NatsServer(tmp_path / "nats")
    nats.start()
    try:
        async with open_site(f"{nats.url}/test", tmp_path / "viewcomfy.db") as site:
            server, worker = await site.server(), await site.worker()
            await site.add(server, "a")
            running, waiting = await claim(worker, "w1"), asyncio.create_task(claim(worker, "w2"))
            await asyncio.sleep(0.1)
            if how == "kill":
                nats.kill()
                await asyncio.sleep(0.3)
                nats.start()
            else:
                nats.pause()
                await asyncio.sleep(5)
                nats.resume()
            await leads(server)
            await worker.extend(running)
            await site.add(server, "b")
            assert (await waiting).prompt_id == "b"
            for lease in (running, await waiting):
                await worker.commit(lease, DONE)
            for prompt_id in "ab":
                assert await told(server, prompt_id) == [("queued", 0), ("running", 1), ("succeeded", 1)]
    finally:
        nats.stop()


async def test_a_node_of_nats_that_dies_costs_no_job(tmp_path: Path) -> None:
    cluster = NatsCluster(tmp_path / "nats")
    await asyncio.to_thread(cluster.start)
    try:
        async with open_site(f"{cluster.url}/test", tmp_path / "viewcomfy.db") as site:
            server, worker = await site.server(), await site.worker()
            key = await server._link.client.jetstream().stream_info("KV_test-leader")
            assert key.config.num_replicas == 3
            assert key.cluster is not None
            await site.add(server, "a", "b")
            running, waiting = await claim(worker, "w1"), asyncio.create_task(claim(worker, "w2"))
            await (first := asyncio.shield(waiting))
            cluster.node(str(key.cluster.leader)).kill()
            await worker.extend(running)
            await worker.commit(running, DONE)
            given_back = 0
            try:
                await worker.commit(first.result(), DONE)
            except StaleLease:  # that it was taken was lost with the node: it comes again, and does not count
                given_back = 1
            with suppress(ServerUnavailable):
                await site.add(server, "c")
            for _ in range(1 + given_back):
                await worker.commit(await claim(worker, "w2"), DONE)
            ends = [(await told(server, prompt_id))[-1] for prompt_id in "abc"]
            assert ends == [("succeeded", 1), ("succeeded", 1 + given_back), ("succeeded", 1)]
    finally:
        await asyncio.to_thread(cluster.stop)


async def test_two_servers_accept_count_cancel_and_follow_whoever_leads(site: Site) -> None:
    leader, other = await site.server(), await site.server()
    worker = await site.worker()
    await site.add(other, "a", "b", "c")
    assert [await engine.queue_length() for engine in (leader, other, worker)] == [3, 3, 3]
    assert [await engine.position("c") for engine in (leader, other, worker)] == [2, 2, 2]
    lease = await claim(worker)
    gone = asyncio.create_task(worker.canceled(lease))
    assert await other.cancel("a") is JobStatus.CANCELED
    async with asyncio.timeout(DEADLINE):
        await gone
    assert await leader.cancel("b") is JobStatus.CANCELED
    assert await told(other, "a") == [("queued", 0), ("running", 1), ("canceled", 1)]
    done = asyncio.create_task(other.ended("c"))
    await worker.commit(await claim(worker), DONE)
    async with asyncio.timeout(DEADLINE):
        await done


async def test_of_many_servers_that_start_at_once_one_leads(site: Site) -> None:
    servers = await asyncio.gather(*(site.server() for _ in range(5)))
    await asyncio.sleep(1.5)
    assert sum(server.leads for server in servers) == 1


async def test_a_claim_that_waits_costs_next_to_nothing(site: Site) -> None:
    await site.server()
    worker = await site.worker()
    task = asyncio.create_task(worker.claim(Claimer("w")))
    await asyncio.sleep(0.3)
    began = time.process_time()
    await asyncio.sleep(2)
    assert time.process_time() - began < 0.3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
