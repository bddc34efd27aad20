"""What whoever leads answers: offers that nobody takes, calls whose answers were lost, leases of other pools, long messages, links."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nats.aio.msg import Msg

from tests.engine.kit import DONE, LOST, statuses, until
from tests.engine.nats.site import DEADLINE, Site, claim, open_site
from tools.services.process import free_port
from viewcomfy.core.errors import BadInput, Forbidden, ServerUnavailable, StaleLease
from viewcomfy.core.jobs import JobStatus, Manifest, Upload
from viewcomfy.core.outputs import Output
from viewcomfy.engine.base import Claimer
from viewcomfy.engine.nats.address import Address, parse_address
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.engine import NatsEngine
from viewcomfy.engine.nats.shapes import of_claimer

pytestmark = pytest.mark.anyio


async def link_of(key: str, verb: str) -> str:
    return f"https://files/{verb}/{key}"


@pytest.fixture
async def site(nats_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(nats_url, tmp_path / "viewcomfy.db") as site:
        yield site


@pytest.fixture
async def server(site: Site) -> NatsEngine:
    return await site.server(linker=link_of, attempts=1)


@pytest.fixture
async def worker(site: Site) -> NatsEngine:
    return await site.worker()


async def ask(engine: NatsEngine, pool: str, call: str, body: dict[str, Any]) -> dict[str, Any]:
    return await engine._calls.ask(engine._link.subjects.desk(pool, call), body)


# --- offers -----------------------------------------------------------------------------------------------------------
async def test_a_job_that_is_offered_to_nobody_costs_no_attempt(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    claimer = Claimer("gone")
    await ask(worker, "default", "claim", {"claim": "c1", "claimer": of_claimer(claimer), "inbox": "_INBOX.nobody"})
    began = time.monotonic()
    await site.add(server, "a")
    lease = await claim(worker)
    assert time.monotonic() - began < 10
    assert (lease.prompt_id, lease.attempt) == ("a", 2)
    await worker.commit(lease, DONE)
    assert (await site.status("a"))[0] is JobStatus.SUCCEEDED


async def test_a_worker_that_took_a_job_too_late_is_told_that_it_is_gone(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    await site.add(server, "a")
    lease = await claim(worker)
    late = replace(lease, attempt=7)
    worker._held.add(late)
    gone = asyncio.create_task(worker.canceled(late))
    await asyncio.sleep(0)
    await worker._claiming._tell_taken(_claimed(worker, late.worker), late, set())
    async with asyncio.timeout(DEADLINE):
        await gone
    await worker.commit(lease, DONE)


def _claimed(engine: NatsEngine, worker: str) -> Any:
    from viewcomfy.engine.nats.claiming import _Claim

    return _Claim("unknown", Claimer(worker))


async def test_a_claim_that_was_forgotten_is_made_again(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    task = asyncio.create_task(worker.claim(Claimer("w")))
    grants = server._office._desk._grants if server._office and server._office._desk else None
    assert grants is not None
    await until(lambda: bool(grants._open))
    for one in list(grants._open.values()):
        grants._withdraw(one)
    worker._claiming.repeat()
    await site.add(server, "a")
    async with asyncio.timeout(DEADLINE):
        assert (await task).prompt_id == "a"


async def test_a_backend_that_asks_again_and_again_keeps_its_jobs(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    for number in range(40):
        await site.add(server, str(number))
        first = asyncio.create_task(worker.claim(Claimer("w")))
        await asyncio.sleep(number % 8 * 0.0005)
        first.cancel()
        second = asyncio.create_task(claim(worker, rank=1))  # as a backend does whose state has changed
        lease = (await asyncio.gather(first, return_exceptions=True))[0]
        if isinstance(lease, BaseException):
            lease = await second
        else:
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
        assert (lease.prompt_id, lease.attempt) == (str(number), 1)
        await worker.commit(lease, DONE)


# --- answers that are lost --------------------------------------------------------------------------------------------
async def test_a_commit_whose_answer_was_lost_succeeds_when_it_is_repeated(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    await site.add(server, "a")
    lease = await claim(worker)
    await worker.commit(lease, DONE)
    with pytest.raises(StaleLease):
        await worker.commit(lease, DONE)
    worker._held.note_uncertain(lease)
    await worker.commit(lease, DONE)
    worker._held.note_uncertain(lease)
    with pytest.raises(StaleLease):
        await worker.commit(lease, Manifest(JobStatus.FAILED, error=LOST))
    assert statuses([event async for event in server.events("a")]) == [("queued", 0), ("running", 1), ("succeeded", 1)]


async def test_nobody_who_leads_is_an_error_that_says_so(worker: NatsEngine) -> None:
    with pytest.raises(ServerUnavailable, match="No server leads"):
        await worker.queue_length()


async def test_a_server_answers_for_the_queue_also_while_nobody_leads(site: Site, server: NatsEngine) -> None:
    await site.add(server, "a")
    assert server._office is not None
    await server._office.__aexit__()
    assert await server.queue_length() == 1
    assert await server.queue_length("big") == 0
    assert await server.position("a") == 0


# --- pools ------------------------------------------------------------------------------------------------------------
async def test_a_lease_is_worth_nothing_under_another_pool(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    await site.add(server, "a", pool="big")
    lease = await claim(worker, pool="big")
    assert lease.pool == "big"
    stolen = replace(lease, pool="default")
    for call in (worker.extend(stolen), worker.commit(stolen, DONE), worker.release(stolen, LOST)):
        with pytest.raises(StaleLease):
            await call
    assert await worker.job(stolen) is None
    with pytest.raises(StaleLease):
        await worker.link(stolen, "jobs/a/out-1-cat.png", "PUT")
    job = await worker.job(lease)
    assert job is not None
    assert job.pool == "big"
    await worker.commit(lease, DONE)


async def test_pools_and_workers_may_have_any_names(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    await site.add(server, "a.b *> ü", pool="gpu: a100.x")
    lease = await claim(worker, "host.name *", pool="gpu: a100.x")
    assert (lease.prompt_id, lease.pool) == ("a.b *> ü", "gpu: a100.x")
    gone = asyncio.create_task(worker.canceled(lease))
    await asyncio.sleep(0)
    await server.cancel("a.b *> ü")
    async with asyncio.timeout(DEADLINE):
        await gone


async def test_a_worker_can_not_have_the_leader_say_things_elsewhere(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    heard: list[bytes] = []

    async def hear(message: Msg) -> None:
        heard.append(message.data)

    elsewhere = f"{server._link.namespace}.ev.big.x.status"
    await server._link.client.subscribe(elsewhere, cb=hear)
    body = {"claim": "c1", "claimer": of_claimer(Claimer("w")), "inbox": elsewhere}
    with pytest.raises(BadInput):
        await ask(worker, "default", "claim", body)
    await worker._link.client.publish(worker._link.subjects.desk("default", "length"), b"{}", reply=elsewhere)
    await site.add(server, "a")
    await claim(worker)
    assert heard == []


# --- long messages ----------------------------------------------------------------------------------------------------
async def test_a_workflow_and_outputs_that_are_longer_than_a_message_travel(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    noise = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(1_500_000))
    workflow = {"1": {"class_type": "X", "inputs": {"text": noise}}}
    await site.add(server, "a", workflow=workflow)
    lease = await claim(worker)
    job = await worker.job(lease)
    assert job is not None
    assert job.workflow == workflow
    outputs = tuple(
        Output(f"{number}-{noise[number : number + 60]}.png", "image/png", number, f"jobs/a/{number}") for number in range(30_000)
    )
    await worker.commit(lease, Manifest(JobStatus.SUCCEEDED, outputs))
    stored = await site.store.jobs.get("a")
    assert stored is not None
    assert stored.outputs == outputs


# --- links ------------------------------------------------------------------------------------------------------------
async def test_links_are_given_for_files_of_a_leased_job_and_nothing_else(site: Site, server: NatsEngine, worker: NatsEngine) -> None:
    upload = Upload("1", "image", "in.png", "image/png", 3, "jobs/a/in-1-in.png")
    await site.add(server, "a", uploads=(upload,))
    with pytest.raises(Forbidden):
        await worker.link(None, upload.file_key, "GET")
    lease = await claim(worker)
    assert await worker.link(lease, upload.file_key, "GET") == f"https://files/GET/{upload.file_key}"
    assert await worker.link(lease, "jobs/a/out-1-cat.png", "PUT") == "https://files/PUT/jobs/a/out-1-cat.png"
    assert await worker.link(None, "catalogs/abc.json.gz", "PUT") == "https://files/PUT/catalogs/abc.json.gz"
    for key, verb in [
        ("jobs/b/in-1-in.png", "GET"), ("jobs/a/out-1-cat.png", "GET"), (upload.file_key, "PUT"), ("jobs/a/out-2-cat.png", "PUT"),
        ("jobs/a/out-1-../../b/x", "PUT"), ("jobs/b/out-1-cat.png", "PUT"), (upload.file_key, "DELETE"), ("catalogs/../x", "PUT"),
    ]:  # fmt: skip
        with pytest.raises(Forbidden):
            await worker.link(lease, key, verb)
    await worker.commit(lease, DONE)
    with pytest.raises(Forbidden):
        await worker.link(lease, "jobs/a/out-1-cat.png", "PUT")


# --- connecting -------------------------------------------------------------------------------------------------------
async def test_who_finds_no_nats_is_told_where_it_was_looked_for() -> None:
    port = free_port()
    with pytest.raises(ServerUnavailable, match=f"127.0.0.1:{port}"):
        async with Connection(parse_address(f"nats://127.0.0.1:{port}"), "test", patience=0.5):
            pass


def test_addresses_are_read() -> None:
    assert parse_address("nats://u:p%40w@a,b:5000/space?replicas=3") == Address(("nats://a:4222", "nats://b:5000"), "u", "p@w", "space", 3)
    assert parse_address("tls://token@[::1]:4222") == Address(("tls://[::1]:4222",), "token", None, "viewcomfy")
    assert parse_address("nats://worker-default:x@h").inbox_prefix == "_INBOX.worker-default"
    assert parse_address("nats://h").inbox_prefix == "_INBOX"
    for wrong in ("http://h", "nats://", "nats://u:p@", "nats://h/a.b", "nats://h?replicas=2"):
        with pytest.raises(BadInput):
            parse_address(wrong)
