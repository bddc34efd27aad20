"""The database: how it is opened, brought up to date, and what its faults become."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import ClauseElement, Connection, Engine, make_url, text
from sqlalchemy.schema import CreateIndex, CreateTable

from tools.services.postgres import Postgres
from viewcomfy.core.errors import Conflict, DiskFull, InternalError, ServerUnavailable
from viewcomfy.core.jobs import Job
from viewcomfy.store import batches, deployments, events, jobs, keys, lanes, meta, queue, usage
from viewcomfy.store.database import Database
from viewcomfy.store.dialect import make_engine, sqlite_url
from viewcomfy.store.migrate import HEAD, migrate, upgrade
from viewcomfy.store.postgres import watch_of
from viewcomfy.store.store import Store
from viewcomfy.store.tables import metadata

pytestmark = pytest.mark.anyio


def schema(path: Path) -> list[tuple[str, str]]:
    """Return the names and kinds of everything in a database, columns included."""
    connection = sqlite3.connect(path)
    names = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2").fetchall()
    columns = [
        (name, str(column[1:6]))
        for kind, name in names
        if kind == "table"
        for column in sorted(connection.execute(f"PRAGMA table_info({name})"))
    ]
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL ORDER BY 1").fetchall()
    connection.close()
    return names + columns + [(name, " ".join(sql.split()).replace('"', "")) for name, sql in indexes]


def differences(connection: Connection) -> list[Any]:
    """Return how the tables of a database differ from ours; each kind of database has an index of its own that the other has not."""
    foreign = "ix_jobs_queued" if connection.dialect.name == "postgresql" else "ix_jobs_waiting"
    ours = {"compare_type": True, "include_object": lambda _object, name, *_: name != foreign}
    return list(compare_metadata(MigrationContext.configure(connection, opts=ours), metadata))


def test_the_newest_migration_is_the_one_we_expect() -> None:
    config = Config()
    config.set_main_option("script_location", "viewcomfy.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_all_migrations_together_make_the_tables(tmp_path: Path) -> None:
    by_migrations, at_once = make_engine(sqlite_url(tmp_path / "a.db")), make_engine(sqlite_url(tmp_path / "b.db"))
    with by_migrations.begin() as connection:
        upgrade(connection, None)
        assert differences(connection) == []
    migrate(at_once)
    by_migrations.dispose()
    at_once.dispose()
    assert schema(tmp_path / "a.db") == schema(tmp_path / "b.db")


def postgres_schema(engine: Engine) -> list[tuple[Any, ...]]:
    """Return every column, index and constraint of a PostgreSQL database, and close it."""
    columns = "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
    queries = (
        f"{columns} WHERE table_schema = 'public'",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    )
    with engine.connect() as connection:
        found = [tuple(row) for query in queries for row in connection.execute(text(query))]
    engine.dispose()
    if watch := watch_of(engine):
        watch.close()
    return sorted(found, key=repr)


def test_all_migrations_together_make_the_tables_of_postgresql(postgres: Postgres) -> None:
    by_migrations, at_once = make_engine(postgres.database()), make_engine(postgres.database())
    with by_migrations.begin() as connection:
        upgrade(connection, None)
        assert differences(connection) == []
    migrate(at_once)
    assert postgres_schema(by_migrations) == postgres_schema(at_once)


def test_everything_that_is_asked_for_is_sql_that_postgresql_takes_too() -> None:
    modules = (batches, deployments, events, jobs, keys, lanes, meta, queue, usage)
    statements = [value for module in modules for value in vars(module).values() if isinstance(value, ClauseElement)]
    statements += [CreateTable(table) for table in metadata.tables.values()]
    statements += [CreateIndex(index) for table in metadata.tables.values() for index in table.indexes]
    assert len(statements) > 30
    dialect = make_url("postgresql://").get_dialect()()
    for statement in statements:
        sql = str(statement.compile(dialect=dialect))
        assert not re.search("ROWID|PRAGMA|IMMEDIATE|AUTOINCREMENT", sql)


async def test_a_store_that_is_up_to_date_is_opened_as_it_is(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "folder" / "viewcomfy.db")
    await store.meta.set("name", "value")
    await store.close()
    store = await Store.open(sqlite_url(tmp_path / "folder" / "viewcomfy.db"))
    assert await store.meta.get("name") == "value"
    await store.close()


def test_opening_does_not_load_the_migration_tool(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys, pathlib; from viewcomfy.store.store import Store\n"
        "async def main():\n await (await Store.open(pathlib.Path(sys.argv[1]))).close()\n"
        "asyncio.run(main()); asyncio.run(main()); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "v.db")], check=False).returncode == 0


async def become_newer(store: Store, oldest: str | None) -> None:
    """Make a database what a version to come would, which says since which schema it can be used."""

    def work(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("DELETE FROM meta WHERE name = 'oldest_schema'"))
        connection.execute(text("ALTER TABLE jobs ADD COLUMN news TEXT NOT NULL DEFAULT ''"))
        if oldest:
            connection.execute(text("INSERT INTO meta VALUES ('oldest_schema', :oldest)"), {"oldest": oldest})

    await store._database.run(work)


@pytest.mark.parametrize("oldest", ["9999", None])
async def test_a_database_of_a_newer_version_is_left_alone(store: Store, store_url: str | Path, oldest: str | None) -> None:
    await become_newer(store, oldest)
    with pytest.raises(Conflict, match="9999"):
        await Store.open(store_url)


async def test_a_newer_database_that_older_versions_can_use_is_used(store: Store, store_url: str | Path) -> None:
    await become_newer(store, HEAD)
    older = await Store.open(store_url)
    for opened in (store, older):  # one that was open before goes on
        await opened.jobs.add(Job(f"job-{opened is older}", "cats", 1, "key", {"1": {}}, 1.0))
    assert len((await store.jobs.page())[0]) == 2
    await older.close()


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "v.db").write_bytes(b"not a database, by any means" * 100)
    with pytest.raises(InternalError, match="not a database"):
        await Store.open(tmp_path / "v.db")


async def test_a_full_disk_has_its_own_error_and_the_store_goes_on_afterwards(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "v.db")

    async def limit(pages: int) -> None:
        await store._database.run(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar())

    await limit(1)  # SQLite makes that the pages there are
    large = {"1": {"class_type": "x" * 100_000, "inputs": {}}}
    with pytest.raises(DiskFull):
        await store.jobs.add(Job("a", "cats", 1, "key", large, 1.0))
    assert await store.jobs.get("a") is None
    await limit(1_000_000)
    await store.jobs.add(Job("a", "cats", 1, "key", large, 1.0))
    assert await store.jobs.get("a") is not None
    await store.close()


async def test_a_lock_that_is_not_given_up_says_to_try_again(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "v.db")
    await store._database.run(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout=20").scalar())
    other = sqlite3.connect(tmp_path / "v.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ServerUnavailable) as fault:
        await store.meta.set("name", "value")
    assert fault.value.retry_after
    assert await store.meta.get("name") is None  # readers don't wait for writers
    other.execute("ROLLBACK")
    other.close()
    await store.meta.set("name", "value")
    await store.close()


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "v.db")
    await store.close()
    await store.close()
    with pytest.raises(ServerUnavailable):
        await store.meta.get("name")


@pytest.fixture(params=[True, False], ids=["in place", "in threads"])
def in_place(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def database(tmp_path: Path, in_place: bool) -> Database:
    engine = make_engine(sqlite_url(tmp_path / "v.db"))
    migrate(engine)
    return Database(engine, in_place=in_place)


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM meta WHERE name = 'name'")).scalar_one())


def insert(connection: Connection) -> None:
    connection.execute(text("INSERT INTO meta (name, value) VALUES ('name', 'value')"))


async def test_what_a_function_raises_undoes_it_and_reaches_the_caller(database: Database) -> None:
    def broken(connection: Connection) -> None:
        insert(connection)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await database.run(broken)
    assert await database.run(count) == 0
    await database.close()


async def test_a_write_whose_caller_has_gone_is_carried_out(database: Database) -> None:
    task = asyncio.create_task(database.run(insert))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert await database.run(count) == 1
    await database.close()


async def test_closing_finishes_what_was_asked_for(database: Database) -> None:
    task = asyncio.create_task(database.run(insert))
    await asyncio.sleep(0)
    await database.close()
    await task
