"""A store on PostgreSQL: its connections, what becomes of them, and what callers may send."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, TextClause, text

from tests.store.flaky_line import FlakyLine
from tools.services.postgres import Postgres
from viewcomfy.core.batches import Batch
from viewcomfy.core.errors import BadInput, Conflict, InternalError, MissingExtra, ServerUnavailable
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest
from viewcomfy.core.keys import Key
from viewcomfy.core.scheduling import Lane
from viewcomfy.store import database, turns
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio
DONE = Manifest(JobStatus.SUCCEEDED)
LOST = JobError("worker_lost", "gone")


@pytest.fixture
async def store(postgres_url: str, anyio_backend: str) -> AsyncIterator[Store]:
    opened = await Store.open(postgres_url)
    yield opened
    await opened.close()


def first(lanes: Sequence[Lane]) -> tuple[Lane, str] | None:
    return (lanes[0], "w") if lanes else None


def a_job(prompt_id: str) -> Job:
    return Job(prompt_id, "cats", 1, "key", {"1": {}}, 1.0)


@contextmanager
def paused(postgres: Postgres) -> Iterator[None]:
    postgres.pause()
    try:
        yield
    finally:
        postgres.resume()


@asynccontextmanager
async def another(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    yield store
    await store.close()


def slow(connection: Connection) -> None:
    connection.execute(text("INSERT INTO meta VALUES ('slow', 'x')"))
    connection.execute(text("SELECT pg_sleep(15)"))


# --- connections that break -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("end", [Postgres.stop, Postgres.kill])
async def test_a_server_that_was_restarted_is_used_as_if_nothing_had_been(
    postgres: Postgres, store: Store, end: Callable[[Postgres], None]
) -> None:
    async with asyncio.TaskGroup() as group:  # every connection is in use once
        for number in range(20):
            group.create_task(store.meta.set(f"name-{number}", "before"))
            group.create_task(store.meta.get("name"))
    end(postgres)
    postgres.start()
    for number in range(20):
        assert await store.meta.get(f"name-{number}") == "before"
        await store.meta.set(f"name-{number}", "after")


async def test_while_no_server_is_there_each_call_says_so_and_those_after_it_work(postgres: Postgres, store: Store) -> None:
    await store.meta.set("name", "value")
    postgres.stop()
    try:
        for call in (store.meta.get("name"), store.meta.set("name", "value"), store.jobs.add(a_job("a"))):
            with pytest.raises(ServerUnavailable):
                await call
    finally:
        postgres.start()
    await eventually(lambda: store.meta.get("name"))


async def eventually(call: Callable[[], Any]) -> None:
    for _ in range(100):
        try:
            await call()
        except ServerUnavailable:
            await asyncio.sleep(0.05)
        else:
            return
    raise TimeoutError


async def test_a_transaction_that_is_cut_off_in_its_middle_ends_as_unavailable_and_leaves_nothing(postgres: Postgres, store: Store) -> None:
    under_way = asyncio.create_task(store._database.run(slow))
    await busy(store)
    postgres.kill()
    try:
        with pytest.raises(ServerUnavailable):
            await under_way
    finally:
        postgres.start()
    assert await store.meta.get("slow") is None


async def busy(store: Store) -> None:
    """Wait until the slow statement is at work."""
    query = text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(15)%' AND pid <> pg_backend_pid()")
    await until_counted(store, query)


async def until_counted(store: Store, query: TextClause) -> None:
    """Wait until a query counts something."""
    for _ in range(1000):
        if await store._database.read(lambda connection: connection.execute(query).scalar_one()):
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_one_lost_connection_is_made_anew_and_the_transaction_begun_again(store: Store) -> None:
    turns_taken = []

    def work(connection: Connection) -> str:
        turns_taken.append(1)
        connection.execute(text("INSERT INTO meta VALUES ('name', 'value')"))
        if len(turns_taken) == 1:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return "done"

    assert await store._database.run(work) == "done"
    assert await store.meta.get("name") == "value"


async def test_a_server_that_stands_still_keeps_nobody_for_ever(
    postgres: Postgres, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TRANSACTION_SECONDS", 1.0)
    async with another(f"{postgres_url}?connect_timeout=2") as store:
        await asyncio.gather(store.meta.set("name", "value"), store.meta.get("name"))
        with paused(postgres):
            began = time.monotonic()
            calls = [store.meta.set("name", "new") for _ in range(10)] + [store.meta.get("name") for _ in range(10)]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert time.monotonic() - began < 60
        assert all(isinstance(result, ServerUnavailable) for result in results)
        await eventually(lambda: store.meta.set("name", "newer"))
        assert await store.meta.get("name") == "newer"


@pytest.fixture
def line(postgres_url: str) -> Iterator[FlakyLine]:
    opened = FlakyLine(postgres_url)
    yield opened
    opened.close()


async def test_a_job_whose_answer_was_lost_is_found_to_be_stored(line: FlakyLine) -> None:
    async with another(line.url) as store:
        line.breaks_at = b"COMMIT"
        await store.jobs.add(a_job("a"))
        assert line.breaks_at == b""
        assert await store.jobs.get("a") == a_job("a")
        members = [a_job(f"b-{number}") for number in range(3)]
        line.breaks_at = b"COMMIT"
        await store.batches.add(Batch("b", "cats", 1, "key", 1.0, 3, tuple(job.prompt_id for job in members), ("",) * 3), members)
        assert line.breaks_at == b""
        assert len(await store.batches.statuses("b")) == 3


async def test_changes_of_a_job_whose_answers_were_lost_are_found_to_be_stored(line: FlakyLine) -> None:
    async with another(line.url) as store:
        await store.jobs.add(a_job("a"))
        await store.jobs.add(a_job("b"))
        line.breaks_at = b"COMMIT"
        assert await store.queue.claim("default", first, now=1000.0, expires_at=1030.0) == ("a", 1)
        line.breaks_at = b"COMMIT"
        assert [job.attempt for job in await store.queue.expire(LOST, ended_by=2000.0, now=2000.0, attempts=3)] == [1]
        assert await store.queue.claim("default", first, now=1000.0, expires_at=1030.0) == ("a", 2)
        line.breaks_at = b"COMMIT"
        await store.queue.commit("a", 2, DONE, now=1001.0)
        line.breaks_at = b"COMMIT"
        assert (await store.queue.cancel("b", now=1001.0))[1]
        assert line.breaks_at == b""
        assert [job.status for job in (await store.jobs.page())[0]] == [JobStatus.CANCELED, JobStatus.SUCCEEDED]


async def test_a_change_whose_answer_was_lost_is_said_to_have_happened_or_not(line: FlakyLine) -> None:
    async with another(line.url) as store:
        line.breaks_at = b"COMMIT"
        with pytest.raises(ServerUnavailable) as fault:
            await store.meta.set("name", "value")
        assert fault.value.may_have_happened
        line.breaks_at = b"INSERT"
        await store.meta.set("other", "value")  # nothing was stored before the end, so it is done again
        assert await store.meta.get("other") == "value"


async def test_a_statement_that_takes_too_long_is_ended(store: Store) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("SET LOCAL statement_timeout = '100ms'"))
        connection.execute(text("SELECT pg_sleep(15)"))

    with pytest.raises(ServerUnavailable, match="too long"):
        await store._database.run(work)


async def test_transactions_that_lock_each_other_out_both_succeed(store: Store) -> None:
    for name in "ab":
        await store.meta.set(name, "0")
    change = text("UPDATE meta SET value = value || 'x' WHERE name = :name")

    def work(one: str, other: str) -> Callable[[Connection], None]:
        def change_both(connection: Connection) -> None:
            connection.execute(change, {"name": one})
            connection.execute(text("SELECT pg_sleep(0.2)"))
            connection.execute(change, {"name": other})

        return change_both

    await asyncio.gather(store._database.run(work("a", "b")), store._database.run(work("b", "a")))
    assert [await store.meta.get(name) for name in "ab"] == ["0xx", "0xx"]


async def test_what_only_reads_can_not_write(store: Store) -> None:
    with pytest.raises((InternalError, ServerUnavailable)):
        await store._database.read(lambda connection: connection.execute(text("INSERT INTO meta VALUES ('a', 'b')")))
    assert await store.meta.get("a") is None


async def test_a_fault_of_ours_is_told_without_the_row_that_it_is_about(store: Store) -> None:
    with pytest.raises(InternalError, match="null value") as fault:
        await store._database.run(lambda connection: connection.execute(text("INSERT INTO meta (name) VALUES ('hush')")))
    assert "hush" not in str(fault.value)


async def test_many_calls_at_once_get_what_was_written_before(store: Store) -> None:
    async def write_and_read(number: int) -> bool:
        await store.meta.set(f"name-{number}", str(number))
        return await store.meta.get(f"name-{number}") == str(number)

    assert all(await asyncio.gather(*(write_and_read(number) for number in range(100))))


# --- opening ----------------------------------------------------------------------------------------------------------
async def test_a_server_that_is_not_there_is_said_to_be_missing_and_why() -> None:
    with pytest.raises(ServerUnavailable, match="refused") as fault:
        await Store.open("postgresql://somebody:geheim@127.0.0.1:1/nothing")
    assert "geheim" not in str(fault.value)


async def test_a_database_that_is_not_there_is_named(postgres: Postgres) -> None:
    with pytest.raises(ServerUnavailable, match="nothing_of_this_name"):
        await Store.open(postgres.url.rpartition("/")[0] + "/nothing_of_this_name")


@pytest.mark.parametrize("url", ["postgresql://me:geheim@[host/db", "postgresql://me:geheim@h/db?what=1", "mysql://me:geheim@h/db"])
async def test_a_url_that_is_none_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(BadInput) as fault:
        await Store.open(url)
    assert "geheim" not in str(fault.value)


async def test_where_the_driver_is_missing_the_sentence_to_type_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"viewcomfy\[postgres\]"):
        await Store.open("postgresql://somewhere")


async def test_servers_that_start_at_once_make_the_tables_once(postgres_url: str) -> None:
    stores = await asyncio.gather(*(Store.open(postgres_url) for _ in range(6)))
    assert len({await store.meta.set_default("secret", str(number)) for number, store in enumerate(stores)}) == 1
    for store in stores:
        await store.close()


# --- what callers may send --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("odd", ["a\0b", "\ud800", "\0", "x" * 100_000, "' OR 1=1 --", "%s %(a)s", "\\"])
async def test_odd_text_is_never_a_fault(store: Store, odd: str) -> None:
    assert await store.jobs.get(odd) is None
    assert await store.keys.get(odd) is None
    assert await store.batches.get(odd) is None
    assert await store.deployments.get(odd) is None
    assert await store.events.read(odd) == []
    assert await store.queue.standing(odd) is None
    assert await store.jobs.page(deployment=odd, key_id=odd) == ([], None)
    await store.keys.add(Key("vc_1", "hash", odd, 1.0))
    assert len(await store.keys.list()) == 1


async def test_odd_text_in_a_workflow_comes_back_as_it_was(store: Store) -> None:
    job = Job("a", "cats", 1, "key", {"1": {"inputs": {"text": "a\0b \ud800 % %s %(x)s"}}}, 1.0)
    await store.jobs.add(job)
    assert await store.jobs.get("a") == job


# --- several servers --------------------------------------------------------------------------------------------------
async def test_two_servers_never_claim_the_same_job(store: Store, postgres_url: str) -> None:
    for number in range(40):
        await store.jobs.add(a_job(str(number)))
    async with another(postgres_url) as other:
        claims = [(store, other)[number % 2].queue.claim("default", first, now=1000.0, expires_at=1030.0) for number in range(80)]
        claimed = [claim for claim in await asyncio.gather(*claims) if claim is not None]
    assert sorted(claimed) == sorted((str(number), 1) for number in range(40))


async def test_of_many_commits_at_once_one_succeeds(store: Store, postgres_url: str) -> None:
    await store.jobs.add(a_job("a"))
    await store.queue.claim("default", first, now=1000.0, expires_at=1030.0)
    async with another(postgres_url) as other:
        commits = [(store, other)[number % 2].queue.commit("a", 1, DONE, now=1001.0) for number in range(20)]
        results = await asyncio.gather(*commits, return_exceptions=True)
    assert results.count(None) == 1


async def test_a_turn_is_one_servers_at_a_time(store: Store, postgres_url: str) -> None:
    inside: list[str] = []

    async def work(of: Store, name: str) -> None:
        async with of.turns.turn("work") as ours:
            assert ours
            inside.append(name)
            assert len(inside) == 1
            await asyncio.sleep(0.01)
            inside.clear()

    async with another(postgres_url) as other:
        await asyncio.gather(*(work((store, other)[number % 2], str(number)) for number in range(10)))
        async with store.turns.turn("work"), other.turns.turn("work", patience=0.0) as theirs, other.turns.turn("else") as free:
            assert not theirs
            assert free


async def test_the_only_server_on_a_database_keeps_others_out_until_it_ends(
    store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "ALONE_PATIENCE", 0.1)
    async with another(postgres_url) as other:
        async with store.hold_alone():
            with pytest.raises(Conflict, match="Another viewcomfy server"):
                async with other.hold_alone():
                    raise AssertionError
        async with other.hold_alone():
            pass


async def test_the_only_server_goes_on_being_it_after_the_database_was_away(
    postgres: Postgres, store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "ALONE_PATIENCE", 0.1)
    monkeypatch.setattr(turns, "CHECK_EVERY", 0.1)
    async with another(postgres_url) as other, store.hold_alone():
        await asyncio.to_thread(postgres.restart)
        await eventually(lambda: other.meta.get("name"))
        locks = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        await until_counted(other, locks)
        with pytest.raises(Conflict):
            async with other.hold_alone():
                raise AssertionError


async def test_a_server_whose_place_was_taken_meanwhile_is_told(
    postgres: Postgres, store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "CHECK_EVERY", 1.0)
    async with another(postgres_url) as other:

        async def be_it() -> None:
            async with store.hold_alone():
                await asyncio.to_thread(postgres.restart)
                async with other.hold_alone():
                    await asyncio.sleep(30)

        with pytest.raises(Conflict):
            await be_it()


async def test_a_store_in_a_file_is_always_alone(tmp_path: Path) -> None:
    async with another(str(f"sqlite:///{tmp_path}/v.db")) as store, store.hold_alone(), store.turns.turn("anything") as ours:
        assert ours
