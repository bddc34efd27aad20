"""What the migrations make of the databases of older versions."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from tests.store.test_database import schema
from viewcomfy.core.deployments import Deployment, Released, VersionSummary
from viewcomfy.store.dialect import make_engine, sqlite_url
from viewcomfy.store.migrate import migrate
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio

WORKFLOW = {"1": {"class_type": "X", "inputs": {}}, "2": {"class_type": "Y", "inputs": {}}}


def make(path: Path, revision: str) -> None:
    """Make a database as the version with this revision made it."""
    engine = make_engine(sqlite_url(path))
    config = Config()
    config.set_main_option("script_location", "viewcomfy.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """Return a database of the first version: one live deployment with two versions, one that was taken away, a job."""
    path = tmp_path / "viewcomfy.db"
    make(path, "0001")
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO deployments VALUES ('cats', 2, NULL), ('dogs', 1, 5.0)")
    rows = [(name, version, json.dumps(WORKFLOW), float(version)) for name, version in (("cats", 1), ("cats", 2), ("dogs", 1))]
    connection.executemany("INSERT INTO versions VALUES (?, ?, ?, ?, 7.0, 1)", rows)
    connection.execute(
        "INSERT INTO jobs (prompt_id, deployment, version, key_id, status, pool, priority, affinity, lane, attempt, failures, created_at,"
        " queued_at, run_after, time_limit, bytes, uploads, outputs)"
        " VALUES ('a', 'cats', 1, '', 'queued', 'default', 0, '', '', 0, 0, 1.0, 1.0, 0.0, 0.0, 0, '[]', '[]')"
    )
    connection.execute("INSERT INTO workflows VALUES ('a', '{}')")
    connection.commit()
    connection.close()
    return path


async def test_deployments_of_the_first_version_go_on_without_inputs(first: Path) -> None:
    store = await Store.open(first)
    assert await store.deployments.get("cats") == Released(Deployment("cats", 2, WORKFLOW, 2.0, 7.0, True))
    assert await store.deployments.get_version("dogs", 1) == Deployment("dogs", 1, WORKFLOW, 1.0, 7.0, True)
    assert await store.deployments.get("dogs") is None
    job = await store.jobs.get("a")
    assert job is not None
    assert job.cold_start is None
    assert await store.deployments.named_models() == set()
    assert await store.deployments.with_warm_up() == []
    await store.close()


async def test_deployments_of_the_first_version_can_be_rolled_back(first: Path) -> None:
    store = await Store.open(first)
    assert await store.deployments.versions("cats") == [VersionSummary(2, 2.0, 2.0, 2), VersionSummary(1, 1.0, 1.0, 2)]
    assert await store.deployments.previous("cats") == 1
    assert await store.deployments.set_current("cats", 1, 9.0)
    assert (await store.deployments.add_version(Deployment("cats", 0, WORKFLOW, 9.0))).version == 3
    await store.close()


def test_a_database_of_the_first_version_ends_up_like_a_new_one(first: Path, tmp_path: Path) -> None:
    for path in (first, tmp_path / "new.db"):
        engine = make_engine(sqlite_url(path))
        migrate(engine)
        engine.dispose()
    assert schema(first) == schema(tmp_path / "new.db")
