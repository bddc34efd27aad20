"""The doctor: every deployment on every backend, and the machines, from what workers tell."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.server.poster import BROKEN, MISSING_MODEL, POSTER
from tests.service.kit import Desk
from tests.service.test_deployer import chunks, know
from viewcomfy.core.catalog_files import catalog_key, pack, parse
from viewcomfy.core.doctor import GIB, MIB, State
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.doctor import Doctor
from viewcomfy.service.soundings import Soundings
from viewcomfy.testing.fake_comfy.fake import FakeComfy

pytestmark = pytest.mark.anyio


@pytest.fixture
def doctor(desk: Desk) -> Doctor:
    catalogs = CatalogService(engine=desk.engine, files=desk.files)
    soundings = Soundings(store=desk.store.about, files=desk.files, engine=desk.engine, folder=desk.folder)
    return Doctor(
        deployments=desk.deployments, catalogs=catalogs, engine=desk.engine, soundings=soundings, folder=desk.folder, version="1.0"
    )


async def test_every_deployment_is_looked_at_on_every_backend(desk: Desk, doctor: Doctor) -> None:
    await know(desk, ["tiny_sd3.safetensors"], ["other.safetensors"])
    for name, workflow in (("broken", BROKEN), ("lacking", MISSING_MODEL), ("well", POSTER)):
        await desk.deployments.deploy(name, workflow)
    found = await doctor.examine()
    assert {name: report.can_run_on for name, report in found.deployments.items()} == {"broken": (), "lacking": (), "well": ("comfyui-0",)}
    assert not found.ok


@pytest.mark.parametrize(
    ("facts", "states"),
    [
        ({}, {}),
        ({"disk_free": 500 * MIB, "disk_total": GIB}, {"disk of gpu": State.ERROR}),
        ({"memory_available": GIB, "memory_total": 8 * GIB}, {"memory of gpu": State.WARNING}),
        ({"clock": 0.0}, {"clock of gpu": State.ERROR}),
        ({"version": "1.0"}, {"version of gpu": State.OK}),
        ({"version": "0.9"}, {"version of gpu": State.WARNING}),
    ],
)
async def test_what_a_worker_tells_of_its_machine_is_judged(
    desk: Desk, doctor: Doctor, facts: dict[str, Any], states: dict[str, State]
) -> None:
    await desk.engine.present(WorkerInfo("gpu", "default", ({"name": "comfyui-0"},), facts))
    found = await doctor.examine()
    assert {check.subject: check.state for check in found.checks if check.subject.endswith("of gpu")} == states


async def test_a_clock_that_is_right_is_well_however_long_ago_it_was_told(desk: Desk, doctor: Doctor) -> None:
    told = WorkerInfo("gpu", "default", (), {"clock": time.time()})
    await desk.engine.present(told)
    clock = [check for check in (await doctor.examine()).checks if check.subject == "clock of gpu"]
    assert [check.state for check in clock] == [State.OK]


async def test_a_backend_that_nobody_knows_is_a_warning(desk: Desk, doctor: Doctor) -> None:
    found = await doctor.examine()
    assert [check.state for check in found.checks if check.subject == "ComfyUI"] == [State.WARNING]
    await know(desk, ["tiny_sd3.safetensors"])
    assert [check for check in (await doctor.examine()).checks if check.subject == "ComfyUI"] == []


async def test_others_are_answered_while_a_hundred_deployments_are_looked_at(desk: Desk, doctor: Doctor) -> None:
    told = []
    for number in range(8):
        fake = FakeComfy(models={"checkpoints": [f"{number}.safetensors"]})
        raw = json.dumps({name: fake.catalog.describe(name) for name in fake.catalog.classes}).encode()
        await desk.files.put(catalog_key(parse(raw).revision), chunks(pack(raw)))
        told.append({"name": f"comfyui-{number}", "catalog": parse(raw).revision})
    await desk.engine.present(WorkerInfo("test", "default", tuple(told)))
    first = await desk.deployments.deploy("d0", POSTER)
    for number in range(1, 100):
        await desk.deployments.add(replace(first, name=f"d{number}"))
    examining = asyncio.create_task(doctor.examine())
    turns = 0
    while not examining.done():
        await asyncio.sleep(0.005)
        turns += 1
    assert len(examining.result().deployments) == 100
    assert turns > 3


async def test_what_a_server_rests_on_is_tried_out(doctor: Doctor) -> None:
    checks = {check.subject: check for check in (await doctor.examine()).checks}
    assert checks["the store"].message.startswith("SQLite 3")
    for subject in ("the store", "files", "the engine", "sync of the data folder"):
        assert checks[subject].state is not State.ERROR


async def test_what_does_not_answer_is_told_and_the_rest_is_looked_at_all_the_same(desk: Desk, doctor: Doctor) -> None:
    await desk.store.close()
    soundings = Soundings(store=desk.store.about, files=desk.files, engine=desk.engine, folder=desk.folder)
    checks = {check.subject: check for check in await soundings.take()}
    assert checks["the store"].state is State.ERROR
    assert "closed" in checks["the store"].message
    assert checks["files"].state is not State.ERROR


async def test_the_trial_leaves_no_file_behind(desk: Desk, doctor: Doctor) -> None:
    before = await desk.files.usage()
    await doctor.examine()
    assert await desk.files.usage() == before


async def test_a_folder_that_nothing_can_be_written_to_is_told(desk: Desk) -> None:
    soundings = Soundings(store=desk.store.about, files=desk.files, engine=desk.engine, folder=desk.folder / "not there")
    checks = {check.subject: check for check in await soundings.take()}
    assert checks["sync of the data folder"].state is State.ERROR
    assert "can't be written" in checks["sync of the data folder"].message
    assert checks["the store"].state is not State.ERROR
