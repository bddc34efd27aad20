"""Catalogs of backends: known after a start, kept over restarts and stops, unknown when something has changed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import viewcomfy
from tests.worker.kit import DEADLINE, Shop, open_shop, picture, sleeping, until
from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.process import Launch
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.catalog_files import catalog_key, unpack
from viewcomfy.core.errors import BackendUnresponsive, NoBackend
from viewcomfy.files.base import Files
from viewcomfy.files.local import LocalFiles
from viewcomfy.worker import catalogs as module
from viewcomfy.worker.app import Worker
from viewcomfy.worker.catalogs import Catalogs

pytestmark = pytest.mark.anyio

MAIN = """
import sys
sys.path.insert(0, {source!r})
from viewcomfy.testing.fake_comfy.__main__ import main
main()
"""


def of_shop(shop: Shop) -> Catalogs:
    return Catalogs(shop.pool, shop.files, shop.folder / "catalogs.json")


def asked(shop: Shop, number: int = 0) -> int:
    return shop.fakes[number].requests["GET /object_info"]


async def kept(files: Files, revision: str | None) -> Catalog:
    assert revision
    return unpack(b"".join([chunk async for chunk in files.read(catalog_key(revision))]))


@asynccontextmanager
async def telling(shop: Shop, catalogs: Catalogs) -> AsyncIterator[Worker]:
    """Have a worker at work that tells of its catalogs."""
    worker = Worker(engine=shop.engine, pool=shop.pool, runner=shop.runner, catalogs=catalogs)
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(worker.run())
        try:
            yield worker
        finally:
            await worker.stop(0)
            await work


async def told(shop: Shop) -> list[str | None]:
    return [backend["catalog"] for worker in await shop.engine.workers() for backend in worker.backends]


# --- somebody else's ComfyUI ------------------------------------------------------------------------------------------
async def test_an_inspection_makes_every_catalog_known(tmp_path: Path) -> None:
    async with open_shop(tmp_path, backends=2) as shop:
        catalogs = of_shop(shop)
        assert [catalogs.revision(backend) for backend in shop.pool.backends] == [None, None]
        await catalogs.inspect()
        revisions = {catalogs.revision(backend) for backend in shop.pool.backends}
        assert len(revisions) == 1
        assert (await kept(shop.files, revisions.pop())).classes.keys() == shop.fakes[0].catalog.classes.keys()
        assert [backend.state for backend in shop.pool.backends] == [BackendState.STOPPED] * 2, "asking is not attaching"


async def test_inspections_at_the_same_time_and_soon_after_ask_once(shop: Shop) -> None:
    catalogs = of_shop(shop)
    await asyncio.gather(*[catalogs.inspect() for _ in range(5)])
    await catalogs.inspect()
    assert asked(shop) == 1


async def test_an_answer_that_has_aged_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    async with open_shop(tmp_path) as shop:
        [backend], catalogs, fake = shop.pool.backends, of_shop(shop), shop.fakes[0]
        await catalogs.inspect()
        before = catalogs.revision(backend)
        fake.folders.input.write("upload.png", b"")
        await catalogs.inspect()
        assert catalogs.revision(backend) == before, "uploads come and go"
        await fake.crash()
        fake.catalog.classes.pop("TKWait")  # type: ignore[attr-defined]  # a ComfyUI that comes back without a custom node
        await fake.restart()
        await catalogs.inspect()
        assert catalogs.revision(backend) != before
        assert "TKWait" not in (await kept(shop.files, catalogs.revision(backend))).classes


async def test_one_that_is_gone_is_named_and_the_others_are_known(tmp_path: Path) -> None:
    async with open_shop(tmp_path, backends=2) as shop:
        catalogs = of_shop(shop)
        await shop.fakes[0].crash()
        answers = await asyncio.gather(*[catalogs.inspect() for _ in range(3)], return_exceptions=True)
        assert [type(answer) for answer in answers] == [NoBackend] * 3
        assert shop.fakes[0].url in str(answers[0])
        assert [bool(catalogs.revision(backend)) for backend in shop.pool.backends] == [False, True]
        await shop.fakes[0].restart()
        await catalogs.inspect()
        assert all(catalogs.revision(backend) for backend in shop.pool.backends)


async def test_what_is_no_comfyui_is_told(shop: Shop) -> None:
    shop.fakes[0].fail("GET /object_info", 404)
    with pytest.raises(NoBackend, match="404"):
        await of_shop(shop).inspect()
    await shop.pool.backends[0].ensure_ready()
    shop.fakes[0].fail("GET /object_info", 500)
    with pytest.raises(BackendUnresponsive, match="500"):
        await of_shop(shop).inspect()


async def test_a_worker_tells_of_a_catalog_as_soon_as_it_is_known(shop: Shop) -> None:
    async with telling(shop, of_shop(shop)) as worker:
        assert await until(lambda: told(shop)) == [None]
        await worker.inspect()
        [revision] = await told(shop)
        assert (await kept(shop.files, revision)).classes


async def test_a_worker_without_catalogs_tells_of_none(shop: Shop) -> None:
    worker = Worker(engine=shop.engine, pool=shop.pool, runner=shop.runner)
    await worker.inspect()
    assert await told(shop) == [None]


async def test_a_backend_that_has_started_is_asked_once_and_not_before_its_job_has_ended(shop: Shop) -> None:
    async with telling(shop, of_shop(shop)):
        job = await shop.succeeded(await shop.submit(sleeping(1.2)))
        before = asked(shop)
        await until(lambda: known(shop))
        for color in range(3):
            await shop.succeeded(await shop.submit(picture(color)))
        assert (job.attempt, before, asked(shop)) == (1, 0, 1)


async def test_a_backend_that_is_never_idle_is_asked_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_PATIENCE", 0.0)
    async with open_shop(tmp_path) as shop, telling(shop, of_shop(shop)):
        prompt_id = await shop.submit(sleeping(60, steps=6000))
        await until(lambda: known(shop))
        assert shop.fakes[0].jobs.running
        await shop.engine.cancel(prompt_id)


async def test_a_failure_in_the_background_harms_nothing(shop: Shop) -> None:
    shop.fakes[0].fail("GET /object_info", 500)
    async with telling(shop, of_shop(shop)) as worker:
        await shop.succeeded(await shop.submit(picture()))
        await until(lambda: _bool(asked(shop)))
        await shop.succeeded(await shop.submit(picture(1)))
        await worker.inspect()
        assert await told(shop) != [None]


async def test_a_catalog_is_known_after_a_restart_unless_its_file_is_gone(shop: Shop) -> None:
    [backend], first = shop.pool.backends, of_shop(shop)
    await first.inspect()
    again = of_shop(shop)
    async with telling(shop, again):
        await until(lambda: known(shop))
    assert again.revision(backend) == first.revision(backend)
    assert asked(shop) == 1
    await shop.files.remove("catalogs/")
    third = of_shop(shop)
    await third.inspect()
    assert await kept(shop.files, third.revision(backend))
    assert asked(shop) == 2


# --- our own ComfyUIs, which start when they are needed ---------------------------------------------------------------
@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A ComfyUI that can be started, in little: the fake as its main.py."""
    (tmp_path / "main.py").write_text(MAIN.format(source=str(Path(viewcomfy.__file__).parents[1])))
    (tmp_path / "base" / "models" / "checkpoints").mkdir(parents=True)
    (tmp_path / "base" / "models" / "checkpoints" / "one.safetensors").touch()
    return Installation(Path(sys.executable), tmp_path / "main.py", tmp_path / "base", "0.3.75", "test")


@asynccontextmanager
async def managed(installation: Installation, count: int = 1) -> AsyncIterator[tuple[Catalogs, Files, tuple[Backend, ...]]]:
    data = installation.base.parent / "data"
    pool, files = Pool.managed(Launch(installation, data / "backends"), count, gpus=[]), LocalFiles(data / "files")
    try:
        yield Catalogs(pool, files, data / "catalogs.json"), files, pool.backends
    finally:
        await pool.stop()


@asynccontextmanager
async def running(catalogs: Catalogs) -> AsyncIterator[None]:
    task = asyncio.create_task(catalogs.run())
    try:
        yield
    finally:
        task.cancel()


def add_model(installation: Installation, name: str) -> None:
    folder = installation.models / "checkpoints"
    (folder / name).touch()


async def checkpoints(files: Files, revision: str | None) -> object:
    return (await kept(files, revision)).classes["CheckpointLoaderSimple"].inputs["ckpt_name"].choices


async def test_one_backend_is_started_to_know_them_all(installation: Installation) -> None:
    async with managed(installation, 3) as (catalogs, files, backends):
        await asyncio.gather(catalogs.inspect(), catalogs.inspect())
        assert sorted(backend.state for backend in backends) == [BackendState.READY, BackendState.STOPPED, BackendState.STOPPED]
        [revision] = {catalogs.revision(backend) for backend in backends}
        assert await checkpoints(files, revision) == ("one.safetensors",)


async def test_what_is_known_outlives_the_process_and_nothing_is_started_for_it(installation: Installation) -> None:
    async with managed(installation) as (catalogs, _, [backend]):
        await catalogs.inspect()
        revision = catalogs.revision(backend)
        await backend.stop()
        assert catalogs.revision(backend) == revision
    async with managed(installation, 2) as (catalogs, _, backends):
        await catalogs.inspect()
        assert [catalogs.revision(backend) for backend in backends] == [revision] * 2
        assert [backend.info().starts for backend in backends] == [0, 0]


async def test_a_catalog_whose_file_is_gone_is_asked_for_again(installation: Installation) -> None:
    async with managed(installation) as (catalogs, files, _):
        await catalogs.inspect()
        await files.remove("catalogs/")
    async with managed(installation) as (catalogs, files, [backend]):
        await catalogs.inspect()
        assert backend.info().starts == 1
        assert await kept(files, catalogs.revision(backend))


async def test_a_new_model_makes_a_stopped_backend_unknown_until_it_is_asked_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewcomfy.worker.fingerprints.EVERY_SECONDS", 0.1)
    async with managed(installation) as (catalogs, files, [backend]):
        await catalogs.inspect()
        await backend.stop()
        before = catalogs.revision(backend)
        catalogs.changed.clear()
        add_model(installation, "two.safetensors")
        async with running(catalogs):
            await asyncio.wait_for(catalogs.changed.wait(), DEADLINE)
        assert catalogs.revision(backend) is None
        assert backend.state is BackendState.STOPPED
        await catalogs.inspect()
        assert await checkpoints(files, catalogs.revision(backend)) == ("one.safetensors", "two.safetensors")
        (installation.models / "checkpoints" / "two.safetensors").unlink()
        await catalogs.inspect()
        assert catalogs.revision(backend) == before


async def test_a_backend_that_runs_is_asked_again_when_a_model_has_come(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewcomfy.worker.fingerprints.EVERY_SECONDS", 0.1)
    async with managed(installation) as (catalogs, files, [backend]):
        await catalogs.inspect()
        before = catalogs.revision(backend)
        add_model(installation, "two.safetensors")
        async with running(catalogs):
            revision = await until(lambda: another(catalogs, backend, before))
        assert await checkpoints(files, revision) == ("one.safetensors", "two.safetensors")


async def test_new_code_is_unknown_while_the_old_one_still_runs(installation: Installation) -> None:
    async with managed(installation, 2) as (catalogs, _, backends):
        await catalogs.inspect()
        (installation.base / "custom_nodes" / "new.py").touch()
        await catalogs.inspect()
        assert [backend.state for backend in backends] == [BackendState.READY] * 2, "the second one tells what the new code has"
        assert all(catalogs.revision(backend) for backend in backends)


async def test_a_comfyui_that_does_not_start_says_why_to_all_who_asked(installation: Installation) -> None:
    installation.main.write_text("raise SystemExit('no torch here')")
    async with managed(installation) as (catalogs, _, [backend]):
        answers = await asyncio.gather(*[catalogs.inspect() for _ in range(3)], return_exceptions=True)
        assert [type(answer) for answer in answers] == [NoBackend] * 3
        assert "no torch here" in str(answers[0])
        assert (backend.info().failures, catalogs.revision(backend)) == (1, None)


def test_the_file_that_remembers_is_plain(tmp_path: Path, installation: Installation) -> None:
    async def inspect() -> str | None:
        async with managed(installation) as (catalogs, _, [backend]):
            await catalogs.inspect()
            return catalogs.revision(backend)

    revision = asyncio.run(inspect())
    assert list(json.loads((tmp_path / "data" / "catalogs.json").read_text())["fingerprints"].values()) == [revision]


async def known(shop: Shop) -> bool:
    return any(await told(shop))


async def another(catalogs: Catalogs, backend: Backend, before: str | None) -> str | None:
    revision = catalogs.revision(backend)
    return revision if revision != before else None


async def _bool(value: object) -> bool:
    return bool(value)
