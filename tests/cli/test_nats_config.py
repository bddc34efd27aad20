"""`viewcomfy nats config`: a real server with the configuration that it writes, and what its users may do."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from nats.aio.client import Client

from tests.cli.typed import Typed
from tools.services.nats import program
from tools.services.process import Process, free_port, listens
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.events import log_event
from viewcomfy.core.jobs import Job, JobStatus, Manifest
from viewcomfy.engine.base import Claimer, Ticket, WorkerInfo
from viewcomfy.engine.nats.engine import NatsEngine
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture
def users(tmp_path: Path, typed: Callable[..., Typed]) -> Iterator[dict[str, str]]:
    """The engine's URLs by user, of a NATS server with the configuration that was written for it."""
    port = free_port()
    words = ["--pool", "default", "--pool", "gpu.a100", "--port", port, "--listen", "127.0.0.1", "--store-dir", tmp_path / "streams"]
    told = typed("nats", "config", *words, "--json").json
    [(name, text)] = told["files"].items()
    (tmp_path / name).write_text(text)
    server = Process([program(), "-c", str(tmp_path / name)], log=tmp_path / "nats.log")
    server.start(lambda: listens(port))
    yield told["engine"]
    server.stop()


@dataclass
class Person:
    """Somebody connected to the server directly, and what it has refused them."""

    client: Client = field(default_factory=Client)
    refused: list[str] = field(default_factory=list)

    async def may_publish(self, subject: str, data: bytes = b"{}") -> bool:
        before = len(self.refused)
        await self.client.publish(subject, data)
        return await self._was_allowed(before)

    async def may_hear(self, subject: str) -> bool:
        before = len(self.refused)
        await self.client.subscribe(subject)
        return await self._was_allowed(before)

    async def _was_allowed(self, before: int) -> bool:
        for _ in range(2):  # nats-py may send the first one before what is to be flushed; a refusal comes before the answer to the second
            await self.client.flush()
        return len(self.refused) == before


@asynccontextmanager
async def person(url: str) -> AsyncIterator[Person]:
    parts, who = urlsplit(url), Person()

    async def refuse(fault: Exception) -> None:
        who.refused.append(str(fault))

    server = f"nats://{parts.hostname}:{parts.port}"
    await who.client.connect(server, user=parts.username, password=parts.password, error_cb=refuse, inbox_prefix=f"_INBOX.{parts.username}")
    try:
        yield who
    finally:
        await who.client.close()


async def test_a_worker_may_say_what_concerns_its_pool_and_nothing_else(users: dict[str, str]) -> None:
    async with person(users["worker-default"]) as worker:
        for subject in (
            "viewcomfy.desk.default.claim",
            "viewcomfy.ev.default.job-1.news",
            "viewcomfy.ev-live.default.job-1.preview",
            "viewcomfy.answer.default.1234",
            "$KV.viewcomfy-workers.default.worker-1",
        ):
            assert await worker.may_publish(subject), subject
        for subject in (
            "viewcomfy.desk.=6770752e61313030.claim",
            "viewcomfy.lead.cancel",
            "viewcomfy.ev.default.job-1.status",
            "viewcomfy.ev.other.job-1.news",
            "viewcomfy.ev-live.default.job-1.status",
            "viewcomfy.order.default.worker-2",
            "viewcomfy.gone.default.worker-2",
            "viewcomfy.answer.other.1234",
            "viewcomfy.news",
            "$KV.viewcomfy-workers.other.worker-1",
            "$KV.viewcomfy-leader.leader",
            "$JS.API.STREAM.NAMES",
            "$JS.API.STREAM.DELETE.viewcomfy-events",
            "$JS.API.DIRECT.GET.viewcomfy-events",
            "$JS.API.CONSUMER.CREATE.viewcomfy-events",
            "_INBOX.server.1",
            "anything",
        ):
            assert not await worker.may_publish(subject), subject


async def test_a_worker_may_hear_what_is_said_to_its_pool_and_nothing_else(users: dict[str, str]) -> None:
    async with person(users["worker-default"]) as worker:
        for subject in ("_INBOX.worker-default.1", "viewcomfy.order.default.worker-1", "viewcomfy.gone.default.worker-1", "viewcomfy.news"):
            assert await worker.may_hear(subject), subject
        for subject in (
            ">",
            "viewcomfy.>",
            "_INBOX.>",
            "_INBOX.server.>",
            "_INBOX.*.>",
            "viewcomfy.ev.>",
            "viewcomfy.ev-live.default.*.*",
            "viewcomfy.desk.default.*",
            "viewcomfy.order.*.*",
            "viewcomfy.answer.default.*",
            "$KV.viewcomfy-leader.>",
            "$KV.viewcomfy-workers.>",
        ):
            assert not await worker.may_hear(subject), subject


def test_nobody_comes_in_without_a_token(users: dict[str, str]) -> None:
    server = urlsplit(users["server"])
    for user, password in ((None, None), ("server", "wrong"), ("worker-default", server.password)):
        with socket.create_connection((server.hostname or "", server.port or 0), timeout=20) as line:
            line.sendall(f"CONNECT {json.dumps({'user': user, 'pass': password, 'verbose': False})}\r\nPING\r\n".encode())
            said = b""
            while more := line.recv(4096):
                said += more
        assert b"Authorization Violation" in said, (user, said)


async def test_the_engine_works_with_these_rights(users: dict[str, str], tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "rows.db")
    link = "http://files.example/x"

    async def linker(_key: str, _verb: str) -> str:
        return link

    server = NatsEngine(users["server"], (store.queue, store.events), linker=linker)
    async with server, NatsEngine(users["worker-default"]) as worker:
        serving = asyncio.create_task(worker.serve("w", echo))
        await worker.present(WorkerInfo("w", "default"))
        async with asyncio.timeout(20):
            while not await server.workers():  # noqa: ASYNC110 - presence is asked for
                await asyncio.sleep(0.02)
            assert await server.ask("w", {"do": "this"}) == {"done": "this"}
            await store.jobs.add(job("1"))
            await server.enqueue(Ticket("1", 1.0))
            lease = await worker.claim(Claimer("w"))
            assert await worker.job(lease)
            await worker.emit("1", [log_event("hello", 2.0)])
            assert await worker.link(None, "catalogs/abc.json.gz", "PUT") == link
            with pytest.raises(ViewComfyError) as refusal:
                await worker.link(lease, "jobs/2/in/secret.png", "GET")
            assert refusal.value.status == 403
            await worker.extend(lease)
            await worker.commit(lease, Manifest(JobStatus.SUCCEEDED))
            told = [event.data.get("text") or event.data["status"] async for event in server.events("1")]
            assert "hello" in told
            assert told[-1] == "succeeded"
        serving.cancel()
    await store.close()


async def test_a_worker_of_one_pool_gets_no_job_of_another(users: dict[str, str], tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "rows.db")
    server = NatsEngine(users["server"], (store.queue, store.events))
    other, able = NatsEngine(users["worker-default"], pool="gpu.a100"), NatsEngine(users["worker-gpu.a100"], pool="gpu.a100")
    async with server, other, able:
        await store.jobs.add(job("1", pool="gpu.a100"))
        await server.enqueue(Ticket("1", 1.0, pool="gpu.a100"))
        claim = asyncio.create_task(other.claim(Claimer("thief", pool="gpu.a100")))
        lease = await asyncio.wait_for(able.claim(Claimer("w", pool="gpu.a100")), 20)
        assert not claim.done()
        claim.cancel()
        await able.commit(lease, Manifest(JobStatus.SUCCEEDED))
    await store.close()


async def echo(order: Mapping[str, Any]) -> dict[str, Any]:
    return {"done": order["do"]}


def job(prompt_id: str, pool: str = "default") -> Job:
    return Job(prompt_id=prompt_id, deployment="d", version=1, key_id="", workflow={}, created_at=1.0, pool=pool)


def test_a_file_has_no_token_and_only_its_owner_reads_it(tmp_path: Path, typed: Callable[..., Typed]) -> None:
    told = typed("nats", "config", "--pool", "a", "--out", tmp_path / "etc" / "nats.conf", "--host", "nats.example")
    text = (tmp_path / "etc" / "nats.conf").read_text()
    urls = [word for word in told.err.split() if word.startswith("nats://")]
    assert [url.partition("@")[2] for url in urls] == ["nats.example:4222"] * 2
    assert all(str(urlsplit(url).password) not in text for url in urls)
    assert (tmp_path / "etc" / "nats.conf").stat().st_mode & 0o077 == 0
    assert "sync_interval: always" in text


def test_a_cluster_gets_a_file_for_each_machine(tmp_path: Path, typed: Callable[..., Typed]) -> None:
    told = typed("nats", "config", "--cluster", "a,b,c", "--out", tmp_path / "conf")
    assert sorted(path.name for path in (tmp_path / "conf").iterdir()) == ["a.conf", "b.conf", "c.conf"]
    assert "@a:4222,b:4222,c:4222" in told.err
    assert 'server_name: "b"' in (tmp_path / "conf" / "b.conf").read_text()


@pytest.mark.parametrize(
    "words",
    [["--cluster", "a,b", "-o", "x"], ["--cluster", "a,b,c"], ["--pool", "no pool"], ["--namespace", "a.b"], ["--tls-cert", "x.pem"]],
)
def test_what_can_not_be_is_a_sentence(words: list[str], typed: Callable[..., Typed]) -> None:
    told = typed("nats", "config", *words)
    assert (told.code, told.err.startswith("Error: ")) == (2, True)


def test_one_more_pool_is_a_block_to_paste(typed: Callable[..., Typed]) -> None:
    told = typed("nats", "user", "--pool", "b", "--host", "nats.example", "--tls")
    assert 'user: "worker-b"' in told.out
    assert "tls://worker-b:" in told.err
